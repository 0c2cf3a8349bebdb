# SPDX-License-Identifier: Apache-2.0
#
# Sends messages over one connection, and again over a new one until each is acknowledged: lmtp_load.py SOCKET SENDER CLIENT COUNT
# Prints what was acknowledged, and on standard error how often it connected.
import smtplib
import sys
import time

path, sender, name, count = sys.argv[1:]
client = None
connections = 0
for number in range(int(count)):
    message = f"From: {sender}\nSubject: {name}-{number}\n\n" + "x" * 60 + "\nend\n"
    while True:
        try:
            if client is None:
                client = smtplib.LMTP(path)
                connections += 1
            client.sendmail(sender, ["archive@example.org"], message)
            break
        except (OSError, smtplib.SMTPException):
            client = None
            time.sleep(0.05)
    print(f"{name}-{number}", flush=True)
print(connections, file=sys.stderr)
client.quit()

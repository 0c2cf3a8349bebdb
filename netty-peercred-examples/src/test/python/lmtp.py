# SPDX-License-Identifier: Apache-2.0
#
# Speaks LMTP with smtplib: lmtp.py SOCKET STEP... A step is a verb and its argument, with escapes as in Python; what is answered is printed.
import smtplib
import sys

client = smtplib.LMTP(sys.argv[1])
client.ehlo()
for step in sys.argv[2:]:
    verb, _, text = step.partition(" ")
    text = text.encode("latin-1").decode("unicode_escape")
    if verb == "sendmail":  # FROM TO MESSAGE
        sender, recipient, message = text.split(" ", 2)
        print("sendmail", client.sendmail(sender, [recipient], message))
        continue
    if verb == "mail":
        answers = [client.mail(text)]
    elif verb == "rcpt":
        answers = [client.rcpt(recipient) for recipient in text.split()]
        count = len(answers)
    elif verb == "data":  # smtplib.LMTP reads the reply for the first recipient alone
        answers = [client.data(text)] + [client.getreply() for _ in range(count - 1)]
    elif verb == "raw":  # as it is, and as many replies as its first word says
        expected, _, text = text.partition(" ")
        client.send(text.encode("latin-1"))
        answers = [client.getreply() for _ in range(int(expected))]
    elif verb == "large":  # a body of so many bytes
        client.send(b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * (int(text) // 72) + b".\r\n")
        answers = [client.getreply()]
    for code, words in answers:
        print(verb, code, words.decode())
client.quit()

# SPDX-License-Identifier: Apache-2.0
#
# Takes all it can get: flood.py SOCKET. Prints how many of 70 connections are served, how many of 3000 messages are begun, and the last answer.
import smtplib
import sys

served = []
for _ in range(70):
    try:
        served.append(smtplib.LMTP(sys.argv[1]))
    except (OSError, smtplib.SMTPException):
        pass
client = served[0]
client.ehlo()
client.send(b"MAIL FROM:<games>\r\nRSET\r\n" * 3000)
answers = [(client.getreply()[0], client.getreply()[0]) for _ in range(3000)]
print(len(served), sum(first == 250 for first, _ in answers), min(first for first, _ in answers if first != 250))

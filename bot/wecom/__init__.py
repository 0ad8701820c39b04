"""WeCom (企业微信), three ways in and one behaviour. The map:

limits.py      every number of the protocol, with the document that states it
crypto.py      signature and AES of the callbacks
messages.py    what the platform says (XML, JSON, frames) → Message, Pressed, Rated, Refreshed, …
replies.py     Reply → what the platform shows (text within its limits, cards)
pace.py        how many messages a person or chat has had in the last minute and hour
desk.py        the service as the channels see it; ratings and buttons
api.py         the platform's own HTTP interface: access token, message/send, response_url
connection.py  one long connection that mends itself
streams.py     how far each answer of the bot has come
attempts.py    which part of a reply was begun to be sent, and how often
nonces.py      nonces that were used
app.py         自建应用 by callback          channel 「wecom-app」
bot.py         智能机器人 by callback        channel 「wecom-bot」
socket.py      智能机器人 by long connection channel 「wecom-socket」
callbacks.py   the two callback addresses: checks, then the channel
run.py         all of it put together as a process
"""

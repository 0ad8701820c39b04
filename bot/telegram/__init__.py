"""Telegram. The map, in the order data flows:

updates.py    update (JSON) → Message, Press, Migration or nothing      pure
intake.py     each of them → the service, before it is acknowledged
polling.py    long polling: an update is acknowledged once it is kept
webhook.py    the same for updates that Telegram posts, with the secret checked
channel.py    Reply → messages: the port that the service answers through
buttons.py    原文 👍 👎
api.py        the Bot API: python-telegram-bot lives here, errors become DeliveryError
run.py        all of it put together as a process
"""

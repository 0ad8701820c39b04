"""Every number of the protocol. Beside each stands the path under developer.work.weixin.qq.com that states it.

Seconds and bytes unless the name says otherwise. Numbers without a path are choices of this program, and say so.
"""

from __future__ import annotations

# ── callbacks ───────────────────────────────────────────────────────────────────────────────────

ECHO_WITHIN = 1  # the address check wants its answer; document/path/90930
ACKNOWLEDGE_WITHIN = 5  # then the connection is cut and the message comes again; document/path/90238
DELIVERIES = 3  # of one message in all; document/path/90238
AES_BLOCK = 32  # PKCS#7 pads to this, not to AES's own 16; document/path/90968
RANDOM_BYTES = 16  # before the length of the message; document/path/90968
KEY_CHARACTERS = 43  # of EncodingAESKey; document/path/90968
BODY_BYTES = 256 * 1024  # choice: a text of 2 048 bytes with a quoted message, encrypted, stays far below
CLOCK_SKEW = 300  # choice: how far a callback's timestamp may be from our clock

# ── self-built app ──────────────────────────────────────────────────────────────────────────────

APP_TEXT_BYTES = 2048  # text and markdown; document/path/90236
APP_PER_MINUTE = 30  # to one person; what is over is dropped without an error; document/path/90236
APP_PER_HOUR = 1000  # likewise
TOKEN_SECONDS = 7200  # life of an access token; document/path/91039
TOKEN_MARGIN = 300  # choice: a token is renewed this long before its end
TOKEN_ERRORS = frozenset({40014, 42001})  # not valid, expired: fetch a new one; document/path/90313
BUSY = -1  # try again later; document/path/90313
RATE_LIMITED = 45009  # calls of the interface; document/path/90313
CONCURRENT = 45033  # too many calls at once; document/path/90313
ADDRESS_REFUSED = 60020  # our address is not among the trusted ones; document/path/90313
NO_RECIPIENT = 81013  # nobody who may see the app; document/path/90236
CARD_SENT = 42014  # seen by others, in no document: a card with this task_id has been sent before
CARD_TITLE_CHARACTERS = 26  # main_title.title; document/path/90236
CARD_LINE_CHARACTERS = 30  # main_title.desc; document/path/90236
CARD_TEXT_CHARACTERS = 112  # sub_title_text; document/path/90236
CARD_BUTTON_CHARACTERS = 10  # text of a button; document/path/90236
CARD_ANSWER_WITHIN = 5  # a pressed button, one delivery; document/path/101027

# ── AI bot ──────────────────────────────────────────────────────────────────────────────────────

STREAM_BYTES = 20480  # content of a stream message or markdown, whole each time; document/path/101031
STREAM_WINDOW = 360  # from the person's message: refreshes end; document/path/100719
STREAM_MARGIN = 15  # choice: nearer than this to the end of the window, the stream is not relied on
IN_FLIGHT = 3  # messages of one person under way; document/path/100719
FEEDBACK_ID_BYTES = 256  # document/path/101031
RESPONSE_URL_SECONDS = 3600  # and one use; document/path/101138

# ── long connection ─────────────────────────────────────────────────────────────────────────────

SOCKET_ADDRESS = "wss://openws.work.weixin.qq.com"  # document/path/101463
HEARTBEAT = 30  # document/path/101463
MISSED_PONGS = 2  # choice: so many unanswered heartbeats and the connection is given up
CHAT_PER_MINUTE = 30  # replies and pushes together; document/path/101463
CHAT_PER_HOUR = 1000  # likewise
REPLY_SECONDS = 86400  # how long the id of a message may be answered; document/path/101463
WELCOME_WITHIN = 5  # document/path/101463
BAD_REQUEST_ID = 846605  # seen by others, in no document: the id of the message is not known
STREAM_EXPIRED = 846608  # seen by others, in no document: the stream can't be updated any more
BAD_SECRET = 853000  # seen by others, in no document: bot id or secret is wrong

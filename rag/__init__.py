"""Documents in, cited answers out. The map, in the order data flows:

documents/sources.py       corpus/manifest.toml → Source      checksums, where each document starts and ends
documents/reflow.py        Source → paragraphs                page lines joined, blanks inside words removed
documents/outline.py       paragraphs → Document              the tree of chapters, articles, items
documents/annex.py         flattened table → rows
documents/conformance.py   proof that nothing was lost
documents/passages.py      Document → Passages                windows.py Passages → Windows, what is read at once
search/embedding.py, lexical.py, tokens.py, index.py          Windows → Index; folders.py which indexes there are
reading/acts.py            message → a chat act, or a question
reading/propose.py         question + history → Readings      divide.py its parts, names.py and places.py what it names
search/retrieve.py         Readings + Index → Candidates      in one batch
judging/reader.py          Reading + windows → marks          the trained network
judging/judge.py           Readings + Candidates → Judgement  features.py what is weighed: the only place that decides
answering/compose.py       Judgement → Draft                  the judged sentences, lists whole; units.py a place that is named
answering/verify.py        Draft → Answer, or a reasoned refusal
answering/replies.py       chat act + last Answer → Answer    the basis, the rest, a table of it
answering/prompting.py     Query + Hits → Prompt              with a chat model: passages under opaque keys
answering/generate.py      Prompt → its words, in pieces
answering/sentences.py, review.py, claims.py  → Claims        each sentence checked against the passages it cites
answering/generation.py    Claims → Answer, or the extract, marked as one
assistant.py               the only place where the stages are composed
"""

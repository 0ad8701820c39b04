"""Documents in, cited answers out. The map, in the order data flows:

documents/sources.py       corpus/manifest.toml → Source      checksums, where each document starts and ends
documents/reflow.py        Source → paragraphs                page lines joined, blanks inside words removed
documents/outline.py       paragraphs → Document              the tree of chapters, articles, items
documents/annex.py         flattened table → rows
documents/conformance.py   proof that nothing was lost
documents/passages.py      Document → Passages
search/embedding.py, lexical.py, index.py     Passages → Index       folders.py which indexes there are
search/understand.py       question + history → Query         complete.py what it leaves out, divide.py what it consists of,
                                                              refer.py, nested.py, enumerate.py, particulars.py what it names,
                                                              spelling.py, pinyin.py what was mistyped,
                                                              conditions.py the table rows that it describes,
                                                              language/orders.py what is no question
search/retrieve.py         Query + Index → Hits               duties.py the row of a unit, misplaced.py a place named wrongly
answering/confidence.py    Query + Hits → whether to answer   wanted.py and language/kinds.py the kind of thing asked for,
                                                              language/names.py names that are only mentioned
answering/extract.py       Query + Hits → Draft               the documents' own words: choose.py sentences, units.py, lists.py
answering/verify.py        Draft → Answer, or a reasoned refusal
answering/prompting.py     Query + Hits → Prompt              with a chat model: passages under opaque keys
answering/generate.py      Prompt → its words, in pieces
answering/sentences.py, review.py, claims.py  → Claims        each sentence checked against the passages it cites
answering/generation.py    Claims → Answer, or the extract, marked as one
assistant.py               the only place where the stages are composed
"""

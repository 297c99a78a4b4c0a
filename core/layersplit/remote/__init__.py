"""Paid jobs at hosted services: sent once, on disk, resumable. Knows no service.

service.py       what a service is: the verbs, and states as types
trouble.py       everything that goes wrong, by kind;  words.py: as sentences
addresses.py     where a service is, and which links of its answers may be followed
exchange.py      waiting for the network without missing a cancel or a deadline
transport.py     submit_once and repeatable;  wire.py: what httpx and servers say
encoding.py      the picture as it is sent;  images.py: layers as they come back
download.py      results, in parallel, bounded, verified
journal.py       jobs on disk;  answers.py: their layers;  cache.py: the same request again
continuation.py  what is needed to finish a job without the host that asked for it
money.py         prices, sums, limits;  keys.py: keys;  consent.py: who is told what
paid_job.py      which job: the cache's, an unfinished one, a new one
submission.py    from the intent to a remote id;  waiting.py: from there to layers
"""

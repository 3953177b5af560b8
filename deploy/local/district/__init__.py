"""The demo district: Thành Đoàn Đà Nẵng with its 94 commune unions, three of them down to the last youth.

Official are the names, codes and kinds of the 94 commune-level units (`units.yaml`, written from the
`vietnam-provinces` package). **Everything else is invented**: clusters, villages, decisions and every
person. No name, birth date, telephone number or address here belongs to anybody by intention; the
numbers lie in sequences that are easily told from real ones, and the mail domains are reserved ones.
"""

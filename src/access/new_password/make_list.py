#!/usr/bin/env python3
"""Makes common.txt.gz from zxcvbn 4.4.2 (see README.md): make_list.py frequency_lists.coffee"""
import gzip
import re
import sys

text = open(sys.argv[1], encoding="utf-8").read()
lists = {name: words.split(",") for name, words in re.findall(r'^  (\w+): "([^"]*)"', text, re.M)}
chosen = {word for word in lists["passwords"] if len(word) >= 4}
for name in ("english_wikipedia", "us_tv_and_film", "surnames"):
    chosen |= {word for word in lists[name] if len(word) >= 12}
lines = sorted(word.lower() for word in chosen)
with open("common.txt.gz", "wb") as out:
    out.write(gzip.compress(("\n".join(lines) + "\n").encode(), 9, mtime=0))
print(len(lines), "words")

# What `npm start` runs: a program with modules, shared libraries, a locale, symlinks and files to read. The same output on each run.
import json
import locale
import os
import sqlite3
import ssl
import subprocess
import sys
import unicodedata

locale.setlocale(locale.LC_ALL, "C.UTF-8")
print("python", sys.version.split()[0], "with", locale.getlocale()[1])

database = sqlite3.connect(":memory:")
database.execute("create table branch (name text, size int)")
database.executemany("insert into branch values (?, ?)", [("flash", 1), ("disk", 100)])
print("sqlite", sqlite3.sqlite_version, json.dumps(dict(database.execute("select name, size from branch"))))

ssl.create_default_context()
print("ssl", ssl.OPENSSL_VERSION)
print("unicode", unicodedata.name("\u00df"))

with open("/etc/os-release") as release:
    name = dict(line.rstrip().split("=", 1) for line in release if "=" in line)["PRETTY_NAME"].strip('"')
print("/etc/os-release ->", os.path.realpath("/etc/os-release"), "says", name)

shell = subprocess.run(["/bin/sh", "-c", "echo a child of $0"], stdout=subprocess.PIPE, text=True, check=True)
print("/bin/sh ->", os.path.realpath("/bin/sh"), "says", shell.stdout.strip())

"""Reads a Bicep file as far as a test asks: declarations, and of their values the objects and arrays.

It knows nothing of types; what is no object and no array stays the text of its expression. The compiler, or
shared/tools/bicepcheck.py, says whether a file is right.
"""

import re

WORD = re.compile(r"[A-Za-z_]\w*")
DECLARATION = re.compile(r"(resource|module|param|var|output|type)\s+(\w+)\s*")


class Reader:
    """A place in a text without comments and directives."""

    def __init__(self, text):
        self.text = re.sub(r"(?m)^\s*(//|#disable).*$", "", text)
        self.at = 0

    def space(self):
        while self.at < len(self.text) and self.text[self.at] in " \t\r\n,":
            self.at += 1

    def expression(self):
        """Text up to the end of the line or of what it stands in; strings, brackets and a line's rest belong to it."""
        begin, depth = self.at, 0
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "'":
                self.string()
                continue
            if char in "([{":
                depth += 1
            elif char in ")]}":
                if depth == 0:
                    break
                depth -= 1
            elif depth == 0 and char in "\n,":
                break
            self.at += 1
        return re.sub(r"\s+", " ", self.text[begin : self.at].strip())

    def string(self):
        if self.text.startswith("'''", self.at):
            self.at = self.text.index("'''", self.at + 3) + 3
            return
        self.at += 1
        while self.text[self.at] != "'":
            if self.text[self.at] == "\\":
                self.at += 1
            elif self.text.startswith("${", self.at):
                self.interpolation()
            self.at += 1
        self.at += 1

    def interpolation(self):
        depth = 0
        while True:
            char = self.text[self.at]
            if char == "'":
                self.string()
                continue
            depth += {"{": 1, "}": -1}.get(char, 0)
            if depth == 0 and char == "}":
                return
            self.at += 1

    def value(self):
        """An object as a dictionary, an array as a list, anything else as its text; what follows them makes it text."""
        begin, char = self.at, self.text[self.at]
        loop = re.compile(r"\[\s*for\s+\w+\s+in\s+[^:]*:\s*(if\s*\(.*?\)\s*)?(?=\{)").match(self.text, self.at)
        if loop:
            self.at = loop.end()
            body = self.members()
            self.space()
            self.at += 1
            return {**body, "": self.text[begin : loop.end()]}
        if char in "{[":
            found = self.members() if char == "{" else self.elements()
            if self.text[self.at : self.at + 1] in ("", "\n", ",", " ", "}", "]") and not re.match(r" *[?.]", self.text[self.at :]):
                return found
            self.at = begin
        return self.expression()

    def members(self):
        found = {}
        self.at += 1
        self.space()
        while self.text[self.at] != "}":
            nested = DECLARATION.match(self.text, self.at)
            if nested and self.text[nested.end()] == "'":
                kind, name, body = self.declaration(nested)
                found[f"{kind} {name}"] = body
            elif self.text.startswith("...", self.at):
                found.setdefault("...", []).append(self.expression())
            elif self.text[self.at] == "@":
                self.expression()
            else:
                key = self.text[self.at : self.text.index(":", self.at)].strip() if self.text[self.at] != "'" else self.quoted()
                self.at = self.text.index(":", self.at) + 1
                self.space()
                found[key] = self.value()
            self.space()
        self.at += 1
        return found

    def quoted(self):
        begin = self.at
        self.string()
        return self.text[begin : self.at].strip("'")

    def elements(self):
        found = []
        self.at += 1
        self.space()
        while self.text[self.at] != "]":
            found.append(self.value())
            self.space()
        self.at += 1
        return found

    def declaration(self, match):
        """A resource or a module: its kind, its symbol, and its body with type, condition and `existing` beside it."""
        self.at = match.end()
        begin = self.at
        self.string()
        kind = self.text[begin : self.at].strip("'")
        head = self.text[self.at : self.text.index("=", self.at)]
        self.at = self.text.index("=", self.at) + 1
        self.space()
        condition = re.compile(r"if\s*\(").match(self.text, self.at)
        asked = ""
        if condition:
            begin, depth = self.at, 0
            while True:
                depth += {"(": 1, ")": -1}.get(self.text[self.at], 0)
                self.at += 1
                if depth == 0 and self.text[self.at - 1] == ")":
                    break
            asked = self.text[begin : self.at]
            self.space()
        body = self.value()
        return match[1], match[2], {"@kind": kind, "@existing": "existing" in head, "@condition": asked, **body}


def read(path):
    """What a file declares: `resources`, `modules`, `params` (type and default, as text), `vars`, `outputs`."""
    reader = Reader(path.read_text(encoding="utf-8"))
    found = {"resources": {}, "modules": {}, "params": {}, "vars": {}, "outputs": {}, "descriptions": {}}
    description = None
    while True:
        reader.space()
        if reader.at >= len(reader.text):
            return found
        match = DECLARATION.match(reader.text, reader.at)
        decorator = re.compile(r"@description\(('(?:[^'\\]|\\.)*')\)").match(reader.text, reader.at)
        if decorator:
            description = decorator[1].strip("'")
            reader.at = decorator.end()
        elif match and match[1] in ("resource", "module"):
            kind, name, body = reader.declaration(match)
            found[f"{kind}s"][name] = body
        elif match and match[1] != "type":
            reader.at = match.end()
            if match[1] == "var":
                reader.at = reader.text.index("=", reader.at) + 1
                reader.space()
                found["vars"][match[2]] = reader.value()
            else:
                found[f"{match[1]}s"][match[2]] = reader.expression()
                found["descriptions"][f"{match[1]} {match[2]}"] = description
            description = None
        else:
            reader.expression()
            description = None if match else description
            reader.at += reader.text[reader.at : reader.at + 1] in ("}", "]", ")")

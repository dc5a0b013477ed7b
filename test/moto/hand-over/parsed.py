"""Whether the file whose name comes in is Python: an engine that is not installed can't be asked."""

import ast
import sys

with open(sys.stdin.read(), encoding="utf-8") as file:
    ast.parse(file.read())

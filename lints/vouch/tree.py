"""A file's syntax tree: what leaves, what decides, and where a variable gets a value."""

from __future__ import annotations

from functools import cached_property

from tree_sitter import Node

from lints.patterns import regex
from lints.search import named
from lints.vouch import results
from lints.vouch.plain import plain, root
from lints.vouch.results import words
from lints.vouch.shapes import BLOCKS, ENDS, EXITS, HANDLERS, PASSES, PATTERNS

MAX_DEPTH = 60
BUDGET = 20_000_000
ASSIGNS = words(
    "short_var_declaration var_spec const_spec named_expression range_clause for_in_clause for_in_statement"
    " foreach_statement enhanced_for_statement for_statement property_declaration variable_declaration resource"
    " with_item for as_pattern"
)

_CLASS = regex(rb"\b(?:class|object|module)\s+(\w+)")
_SAID = regex(r"\w*string\w*_(?:content|fragment)")


class Tree:
    """The tree of one file."""

    def __init__(self, data: bytes, language: str, root: Node) -> None:
        self.data = data
        self.language = language
        self.root = root
        self._leaving: dict[int, bool] = {}
        self._budget = BUDGET

    @cached_property
    def classes(self) -> frozenset[bytes]:
        """The names that the file declares classes by."""
        return frozenset(_CLASS.findall(self.data))

    @property
    def spent(self) -> bool:
        """Whether more was searched than one file may cost."""
        return self._budget <= 0

    def text(self, node: Node) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def unsaid(self, node: Node) -> str:
        """The text of a node without what its strings say, but with what is put into them."""
        kept: list[bytes] = []
        start = node.start_byte
        waiting = [node]
        while waiting:
            one = waiting.pop()
            waiting += reversed(one.children)
            if _SAID.fullmatch(one.type) is None or b"$" in self.data[one.start_byte - 1 : one.end_byte]:
                continue  # Kotlin's `$name` is no node of its own
            kept.append(self.data[start : one.start_byte])
            start = one.end_byte
        self._budget -= node.end_byte - node.start_byte
        return b" ".join((*kept, self.data[start : node.end_byte])).decode("utf-8", "replace")

    def leaves(self, node: Node | None, depth: int = 0) -> bool:
        """Whether control never falls out of the end of a node."""
        if node is None or depth > MAX_DEPTH:
            return False
        known = self._leaving.get(node.id)
        if known is None:
            known = self._leaving[node.id] = self._never_ends(node, depth + 1)
        return known

    def _never_ends(self, node: Node, depth: int) -> bool:
        kind = node.type
        if kind in ENDS:
            return True
        if kind.startswith("binary"):  # `redirect_to(x) and return`
            return self.operator(node) in {"and", "&&"} and self.leaves(node.child_by_field_name("right"), depth)
        children = [c for c in node.named_children if "comment" not in c.type]
        if "call" in kind or kind in {"method_invocation", "invocation_expression", "identifier"}:
            name = self.text(node).partition("(")[0].split()[0:1]
            return bool(name) and name[0] in (
                EXITS.get(self.language) or EXITS.get(results.family(self.language), frozenset())
            )
        if kind in {"if_statement", "if", "if_expression"}:
            return self.leaves(self.consequence(node), depth) and self.leaves(self.alternative(node), depth)
        if (
            kind in BLOCKS
            or kind in HANDLERS
            or kind in {"expression_statement", "else_clause", "parenthesized_statements"}
        ):
            return bool(children) and self.leaves(children[-1], depth)
        return False

    def suppresses(self, node: Node) -> bool:
        """`with suppress(DoesNotExist):`."""
        return node.type == "with_statement" and b"suppress" in self.data[node.start_byte : node.start_byte + 200]

    def modifier(self, branch: Node) -> bool:
        return branch.type.endswith("_modifier") or branch.type == "conditional_expression"

    def condition(self, branch: Node) -> Node | None:
        condition = branch.child_by_field_name("condition")
        if condition is None and branch.type == "conditional_expression" and len(branch.named_children) == 3:
            return branch.named_children[1]  # Python: the value, the condition, the other value
        return condition

    def consequence(self, branch: Node) -> Node | None:
        for name in ("consequence", "body"):
            found = branch.child_by_field_name(name)
            if found is not None:
                return found
        condition = self.condition(branch)
        rest = [c for c in branch.named_children if c != condition and "comment" not in c.type]
        return rest[0] if rest else None

    def alternative(self, branch: Node) -> Node | None:
        found = branch.child_by_field_name("alternative")
        if found is not None:
            return found
        if branch.type == "if_expression":  # Kotlin names none of its parts
            condition = self.condition(branch)
            rest = [c for c in branch.named_children if c != condition and "comment" not in c.type]
            return rest[1] if len(rest) > 1 else None
        return None

    def operator(self, node: Node) -> str:
        found = node.child_by_field_name("operator")
        if found is not None:
            return self.text(found)
        return next((c.type for c in node.children if not c.is_named and c.type not in {"(", ")"}), "")

    def target(self, parent: Node, child: Node) -> Node | None:
        """The left side of an assignment whose right side `child` is."""
        kind = parent.type
        for name, other in (("right", "left"), ("value", "name"), ("value", "pattern")):
            if parent.child_by_field_name(name) == child and (
                "assign" in kind or "declarator" in kind or kind in ASSIGNS
            ):
                found = parent.child_by_field_name(other)
                if found is not None:
                    return found
        if kind in {"variable_declarator", "property_declaration"} and parent.named_children[-1:] == [child]:
            return next((c for c in parent.named_children if c != child and c.type != "modifiers"), None)
        return None

    def changed(self, path: str, start: int, end: int) -> bool:
        """Whether a variable, or the part of it that a path names, may get a value between two places."""
        name = root(path)
        self._budget -= end - start + 1
        if self._budget <= 0:
            return True
        spelled = name.encode()
        for at in named(self.data, spelled, start, end):
            if self.data[at - 1 : at] == b"." and at:
                continue
            written = self._written(at + len(spelled) - 1)
            if written is not None and (path == written or path.startswith((f"{written}.", f"{written}["))):
                return True
        return False

    def _written(self, at: int) -> str | None:
        """The path that is written where a name stands, if it is."""
        node = self.root.descendant_for_byte_range(at, at + 1)
        if node is None or "string" in node.type or "comment" in node.type:
            return None
        child = node
        if child.type == "shorthand_property_identifier_pattern":
            return self.text(child)
        for _ in range(8):
            parent = child.parent
            if parent is None:
                return None
            kind = parent.type
            if "parameter" in kind:
                return plain(self.text(node)) if parent.child_by_field_name("value") != child else None
            if kind in PATTERNS:
                return plain(self.text(node))
            shown = self.text(parent) if parent.end_byte - parent.start_byte < 200 else ""
            if kind in {"update_expression", "inc_statement", "dec_statement"} or (
                "unary" in kind and (shown.startswith(("++", "--")) or shown.endswith(("++", "--")))
            ):
                return plain(self.text(child))
            if (kind == "unary_expression" and self.language == "go" and shown.startswith("&")) or (
                kind == "argument" and shown.startswith(("out ", "ref "))
            ):
                return plain(self.text(child))
            if kind == "foreach_statement" and self.language == "php":
                first = parent.named_children[0]
                return None if child == first or child == parent.child_by_field_name("body") else plain(self.text(node))
            if "assign" in kind or "declarator" in kind or kind in ASSIGNS:
                return plain(self.text(child)) if self._is_target(parent, child) else None
            if kind not in PASSES:
                return None
            child = parent
        return plain(self.text(node))

    def _is_target(self, parent: Node, child: Node) -> bool:
        for position, other in enumerate(parent.children):
            if other == child:
                label = parent.field_name_for_child(position)
                if label is not None:
                    return label in {"left", "name", "pattern", "declarator", "alias"}
                return parent.named_children[0] == child
        return True

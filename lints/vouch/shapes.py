"""What nodes of eight grammars mean for the order in which code runs."""

from __future__ import annotations

from collections.abc import Mapping

from lints.patterns import regex
from lints.vouch.results import words

BLOCKS = words(
    "program module source_file compilation_unit block statement_block statement_list compound_statement body_statement"
    " then else begin block_body colon_block lambda_literal switch_case switch_default switch_section case_statement"
    " default_statement switch_block_statement_group parenthesized_statements control_structure_body statements"
    " when_entry declaration_list class_body"
)
"""Nodes whose children run one after the other."""
BOUNDARIES = words(
    "function_declaration generator_function_declaration method_definition function_definition method_declaration"
    " constructor_declaration method singleton_method local_function_statement class_declaration class class_definition"
)
"""Functions that run when somebody calls them, whatever stands before them."""
CLOSURES = words(
    "arrow_function function_expression function lambda lambda_expression func_literal block do_block lambda_literal"
    " anonymous_function anonymous_function_creation_expression generator_function anonymous_method_expression"
) - {"block"}
BRANCHES = words(
    "if_statement if_expression if unless if_modifier unless_modifier ternary_expression conditional_expression"
    " conditional elif_clause elsif else_if_clause binary_expression binary boolean_operator"
)
CHOICES = words("ternary_expression conditional_expression conditional")
"""Branches that are values: whichever is taken, what stands around them goes on."""
NEGATED = words("unless unless_modifier")
LOOPS = words(
    "for_statement for_in_statement while_statement do_statement enhanced_for_statement foreach_statement for while"
    " until while_modifier until_modifier do_while_statement list_comprehension generator_expression"
)
TRIES = words("try_statement try_expression try_with_resources_statement begin body_statement")
HANDLERS = words(
    "catch_clause except_clause except_group_clause finally_clause catch_block finally_block rescue ensure"
    " rescue_modifier"
)
WRAPS = words(
    "with_statement using_statement synchronized_statement lock_statement checked_statement labeled_statement"
    " expression_list begin_block"
)
"""Nodes that only wrap what runs."""
ENDS = words(
    "return_statement throw_statement raise_statement break_statement continue_statement goto_statement"
    " return_expression throw_expression break_expression continue_expression return next break redo"
    " jump_expression exit_statement"
)
EXITS: Mapping[str, frozenset[str]] = {
    "python": words("abort sys.exit os._exit exit flask.abort"),
    "javascript": words("process.exit ctx.throw notFound redirect permanentRedirect forbidden unauthorized"),
    "go": words("panic os.Exit log.Fatal log.Fatalf log.Panic log.Panicf runtime.Goexit"),
    "java": words("System.exit"),
    "kotlin": words("exitProcess error TODO"),
    "c_sharp": words("Environment.Exit"),
    "ruby": words("raise fail abort exit throw halt error! not_found! render_api_error! raise_record_not_found!"),
    "php": words("abort exit die"),
}
"""Calls that never come back, by their name as written."""
UNCERTAIN = regex(
    r"(?:^|_)(?:if|else|case|switch|when|while|for|loop|catch|rescue|except|finally|ensure|lambda|arrow|function(?!_call)"
    r"|func|closure|do|class|match|comprehension|generator|defer|go|until|conditional|ternary|unless)(?:_|$)|^block_body$"
)
"""What may not run, or not now."""
PATTERNS = words(
    "array_pattern object_pattern pair_pattern rest_pattern object_assignment_pattern assignment_pattern pattern_list"
    " tuple_pattern list_pattern left_assignment_list list_literal as_pattern_target exception_variable"
    " multi_variable_declaration destructured_left_assignment splat_pattern list_splat_pattern"
    " anonymous_function_use_clause_by_ref"
)
PASSES = words(
    "expression_list parenthesized_expression member_expression attribute selector_expression member_access_expression"
    " navigation_expression field_access subscript subscript_expression element_reference element_access_expression"
    " index_expression variable_name non_null_expression dynamic_variable_name tuple_expression"
)
"""Nodes through which a name is still the target of what stands around."""
HELD = words("null undefined nil None")
ASKED_WRITES = words("argument_list arguments argument value_arguments value_argument keyword_argument pair")

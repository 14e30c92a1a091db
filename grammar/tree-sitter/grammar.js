// The language for tree-sitter. It accepts what `grammar/bake.pest` accepts of right programs, without a scanner in C;
// mistakes are named by bakec, not here.
//
// What differs from the other grammar: a row of a table ends with the bar that ends its line, and blank space is free
// everywhere else, so that a call's `(` may stand on a line of its own.

/** At least one, separated; the separator may also stand behind the last one. */
const list = (rule, separator = ",") => seq(rule, repeat(seq(separator, rule)), optional(separator));
/** Any number, each followed by a separator or none. */
const entries = (rule, separator = ",") => repeat(seq(rule, optional(separator)));

const LEVEL = { or: 1, and: 2, compare: 3, default: 4, add: 5, multiply: 6, prefix: 7, postfix: 8 };
// A word that may hold hyphens; an identifier may not.
const HYPHENED = /[A-Za-z_][A-Za-z0-9_]*(-+[A-Za-z0-9_]+)+/;

module.exports = grammar({
    name: "bake",
    word: ($) => $.identifier,
    extras: ($) => [/\s/, $.comment, $.doc_comment],
    supertypes: ($) => [$._item, $._statement, $._expression, $._type],
    // A word behind a type, a default or names is a modifier, or the next member's name: the colon behind it tells.
    conflicts: ($) => [[$.names], [$.field_declaration], [$.rule], [$.type_term]],

    rules: {
        file: ($) => repeat($._item),

        comment: () => token(choice(/\/\/([^\/!\n][^\n]*)?/, /\/\/\/\/[^\n]*/, /#[^\n]*/)),
        doc_comment: () => token(choice(/\/\/\/([^\/\n][^\n]*)?/, /\/\/![^\n]*/)),

        identifier: () => /[A-Za-z_][A-Za-z0-9_]*/,
        _hyphened: () => HYPHENED,
        // Any word where a key, a kind or a name in quotes stands.
        word: ($) => choice($.identifier, $._hyphened, $._reserved),
        _reserved: () => choice(
            "if", "then", "else", "for", "in", "match", "matches", "null", "true", "false", "late",
        ),
        _name: ($) => $.identifier,
        path: ($) => prec.left(seq($.identifier, repeat(seq(".", $.identifier)))),

        // ---- items

        _item: ($) => choice(
            $.import, $.binding, $.function, $.type_declaration, $.table, $.image, $.group, $.policy, $.output, $.extern,
        ),
        import: ($) => prec.right(seq("import", field("path", $._text), optional(seq("as", field("name", $.identifier))))),
        binding: ($) => prec.right(seq(
            field("sort", choice("let", "param", "variable", "secret")),
            field("name", $.identifier),
            optional(seq(":", field("type", $.type_expression))),
            optional(seq("=", field("value", $._expression))),
        )),
        function: ($) => seq(
            "fn", field("name", $.identifier), field("parameters", $.parameters),
            optional(seq("->", field("result", $.type_expression))),
            "=", field("body", $._expression),
        ),
        parameters: ($) => seq("(", optional(list($.parameter)), ")"),
        parameter: ($) => seq(
            field("name", $.identifier), ":", field("type", $.type_expression),
            optional(seq("=", field("default", $._expression))),
        ),
        type_declaration: ($) => seq("type", field("name", $.identifier), "=", field("type", $.type_expression)),

        table: ($) => seq(
            "table", field("name", $.identifier), "key", "(", list(field("key", $.identifier)), ")",
            "{", optional($.header), repeat($.row), "}",
        ),
        header: ($) => seq("|", repeat(seq($.column, "|")), $.column, $._row_end),
        column: ($) => seq(field("name", $.identifier), ":", field("type", $._column_type)),
        _column_type: ($) => $.type_term,
        row: ($) => seq("|", repeat(seq(optional($._cell), "|")), optional($._cell), $._row_end),
        // With its comment, if any: it is the bar at the end of a line.
        _row_end: () => token(prec(2, /\|[ \t]*((\/\/|#)[^\n]*)?\r?\n/)),
        _cell: ($) => choice($._text, $.list, $.record, $.cell),
        cell: () => token(prec(-1, /[^\s|"'\[{#\/}][^\s|]*|\/[^\s|\/][^\s|]*/)),

        image: ($) => seq("image", field("name", $.identifier), field("body", $.statements)),
        group: ($) => seq("group", field("name", $.identifier), field("parameters", $.parameters), field("body", $.statements)),
        policy: ($) => seq(
            "policy", field("name", $.identifier), "for", field("variable", $.identifier), "in", field("subject", $.identifier),
            optional($.when), "{", entries($.require), "}",
        ),
        require: ($) => seq("require", field("condition", $._expression), ",", field("message", $._expression)),
        output: ($) => seq("output", field("file", $._text), "=", field("value", $._expression)),
        extern: ($) => seq(
            "extern", field("sort", choice("builder", "provisioner", "post", "options")), field("kind", $._kind), field("body", $.members),
        ),

        // ---- statements of images and groups

        statements: ($) => seq("{", entries($._statement, choice(",", ";")), "}"),
        _statement: ($) => choice($.block, $.post, $.use, $.name_is, $.binding, $.matrix, $.retain),
        _kind: ($) => alias(choice($.word, $.quoted_word), $.kind),
        quoted_word: () => token(prec(1, /"[A-Za-z_][A-Za-z0-9_]*(-+[A-Za-z0-9_]+)*"/)),
        block: ($) => seq(field("step", choice("builder", "provision", "cleanup", "test")), $._link),
        _link: ($) => seq(
            field("kind", alias($.word, $.kind)), optional(field("label", $._text)), optional($.when), field("body", $.body),
        ),
        body: ($) => seq("{", entries($._entry, choice(",", ";")), "}"),
        when: ($) => seq("when", field("condition", $._expression)),
        post: ($) => seq("post", choice($._link, seq(optional($.when), $.chain))),
        chain: ($) => seq("{", $.link, repeat(seq("then", $.link)), "}"),
        link: ($) => $._link,
        use: ($) => prec.right(seq("use", field("group", $.path), $.arguments, optional($.when))),
        name_is: ($) => seq("name", "=", field("value", $._expression)),
        retain: ($) => seq("retain", field("body", $.body)),
        matrix: ($) => seq("matrix", "{", entries(choice($.axis, $.exclude, $.binding), choice(",", ";")), "}"),
        axis: ($) => seq(
            "axis", choice(field("name", $.identifier), seq("{", list(field("name", $.identifier)), "}")), "in", field("values", $._expression),
        ),
        exclude: ($) => prec.right(seq("exclude", $.when, optional(seq("because", field("because", $._text))))),

        // ---- members of records and externs

        members: ($) => seq("{", entries($._member, choice(",", ";")), "}"),
        _member: ($) => choice($.field_declaration, $.include, $.rule, $.fact, $.unique),
        field_declaration: ($) => seq(
            field("name", alias(choice($.word, $._member_word), $.option)), ":", field("type", $.type_expression),
            optional(seq("=", field("default", $._expression))), repeat($._modifier),
        ),
        _member_word: () => choice("as", "since", "formerly", "deprecated", "refused", "rule", "at", "fact", "unique", "per"),
        _modifier: ($) => choice(
            seq("as", field("encoding", $.word)), seq("since", $._text), seq("formerly", $.names), seq("deprecated", $._text), seq("refused", $._text),
        ),
        names: ($) => seq(alias($.word, $.option), repeat(seq(",", alias($.word, $.option)))),
        include: ($) => seq("...", $.path),
        rule: ($) => seq("rule", field("condition", $._expression), ",", field("message", $._expression), optional(seq("at", $.names))),
        fact: ($) => seq("fact", field("name", $.identifier), $.arguments),
        unique: ($) => seq("unique", alias($.word, $.option), "per", $.names),

        // ---- types

        type_expression: ($) => seq(optional("|"), $.type_term, repeat(seq("|", $.type_term))),
        type_term: ($) => seq(repeat("late"), $._type, repeat(choice("?", $.pattern, $.range))),
        pattern: ($) => seq("matches", $.regex),
        range: ($) => prec.right(seq("in", optional($.signed), "..", optional($.signed))),
        signed: ($) => seq(optional("-"), $.number),
        _type: ($) => choice(
            $.map_type, $.template_type, $.type_name, $.null, $._text, $.boolean, $.signed, $.list_type, $.record_type, $.paren_type,
        ),
        map_type: ($) => seq("map", "<", $.type_expression, ">"),
        template_type: ($) => seq("template", "<", optional(list(seq(".", alias($.identifier, $.member)))), ">"),
        type_name: ($) => prec.left(seq($.identifier, repeat(seq(".", $.identifier)))),
        list_type: ($) => seq("[", $.type_expression, "]"),
        record_type: ($) => $.members,
        paren_type: ($) => seq("(", $.type_expression, ")"),

        // ---- expressions

        _expression: ($) => choice(
            $._text, $.variable, $.number, $.list, $.record, $.null, $.boolean, $.if, $.parenthesized, $.match,
            $.unary, $.binary, $.field, $.index, $.call, $.matches,
        ),
        variable: ($) => $.identifier,
        null: () => "null",
        boolean: () => choice("true", "false"),
        number: () => /[0-9][A-Za-z0-9_]*(\.[0-9][A-Za-z0-9_]*)*/,
        parenthesized: ($) => seq("(", $._expression, ")"),
        unary: ($) => prec(LEVEL.prefix, seq(field("operator", choice("!", "-")), field("operand", $._expression))),
        binary: ($) => choice(...[
            ["||", LEVEL.or], ["&&", LEVEL.and], ["==", LEVEL.compare], ["!=", LEVEL.compare], ["<", LEVEL.compare], ["<=", LEVEL.compare],
            [">", LEVEL.compare], [">=", LEVEL.compare], ["in", LEVEL.compare], ["??", LEVEL.default], ["+", LEVEL.add], ["-", LEVEL.add],
            ["*", LEVEL.multiply], ["/", LEVEL.multiply], ["%", LEVEL.multiply],
        ].map(([operator, level]) =>
            prec.left(level, seq(field("left", $._expression), field("operator", operator), field("right", $._expression))))),
        matches: ($) => prec.left(LEVEL.compare, seq(field("left", $._expression), "matches", field("right", choice($.regex, $._expression)))),
        field: ($) => prec(LEVEL.postfix, seq($._expression, ".", field("member", alias(choice($.identifier, $._reserved), $.member)))),
        index: ($) => prec(LEVEL.postfix, seq($._expression, "[", list($._argument), "]")),
        call: ($) => prec(LEVEL.postfix, seq(field("function", $._expression), $.arguments)),
        arguments: ($) => seq("(", optional(list($._argument)), ")"),
        _argument: ($) => choice($._expression, $.named_argument),
        named_argument: ($) => seq(field("name", $.identifier), "=", field("value", $._expression)),

        if: ($) => prec.right(seq(
            "if", field("condition", $._expression), "then", field("then", $._expression), "else", field("else", $._expression),
        )),
        match: ($) => seq("match", field("value", $._expression), "{", entries($.arm), "}"),
        arm: ($) => seq(list($._pattern, "|"), "=>", field("value", $._expression)),
        _pattern: ($) => choice($._text, $.null, $.boolean, $.signed, alias($.identifier, $.variable)),

        list: ($) => seq("[", choice(seq($.for_clause, ":", $._expression), optional(list(choice($._expression, $.spread)))), "]"),
        record: ($) => seq("{", choice(
            seq($.for_clause, ":", $._expression, "=", $._expression),
            entries($._entry, choice(",", ";")),
        ), "}"),
        for_clause: ($) => seq(
            "for", field("variable", $.identifier), optional(seq(",", field("variable", $.identifier))), "in", field("in", $._expression),
            optional(seq("if", field("if", $._expression))),
        ),
        _entry: ($) => choice($.entry, $.spread),
        entry: ($) => seq(field("key", choice(alias($.word, $.key), $.quoted_key)), choice(seq("=", field("value", $._expression)), $.record)),
        quoted_key: () => token(prec(1, choice(/"([^"\\\n]|\\[^\n])*"/, /'[^'\n]*'/))),
        spread: ($) => seq("...", $._expression),

        // ---- texts

        _text: ($) => choice($.text, $.raw_text),
        text: ($) => choice(
            seq('"', repeat(choice(alias($._chars, $.text_content), $.escape, $.interpolation, $.template)), token.immediate('"')),
            seq('"""', repeat(choice(alias($._lines, $.text_content), $.escape, $.interpolation, alias($.template_over_lines, $.template))), token.immediate(prec(3, '"""'))),
        ),
        _chars: () => token.immediate(prec(1, /([^"\\$\n{]|\{[^{"\\$\n]|\$[^{$"\\\n])+|\$|\{/)),
        _lines: () => token.immediate(prec(1, /([^"\\${]|\{[^{"\\$]|\$[^{$"\\])+|\$|\{|"|""/)),
        escape: () => token.immediate(prec(2, choice(/\\[nrt"\\]/, /\\u\{[0-9A-Fa-f]+\}/, "$${"))),
        interpolation: ($) => seq(token.immediate(prec(2, "${")), $._expression, "}"),
        template: () => token.immediate(prec(2, /\{\{([^"\\}\n]|\\[^\n]|\}[^}"\\\n])*\}\}/)),
        template_over_lines: () => token.immediate(prec(2, /\{\{([^}]|\}[^}])*\}\}/)),
        raw_text: ($) => choice(
            seq("'", repeat(choice(alias($._raw_chars, $.text_content), alias($._raw_template, $.template))), token.immediate("'")),
            seq("'''", repeat(choice(alias($._raw_lines, $.text_content), alias($._raw_template_over_lines, $.template))), token.immediate(prec(3, "'''"))),
        ),
        _raw_chars: () => token.immediate(prec(1, /([^'{\n]|\{[^{'\n])+|\{/)),
        _raw_lines: () => token.immediate(prec(1, /([^'{]|\{[^{'])+|\{|'|''/)),
        _raw_template: () => token.immediate(prec(2, /\{\{([^}'\n]|\}[^}'\n])*\}\}/)),
        _raw_template_over_lines: () => token.immediate(prec(2, /\{\{([^}]|\}[^}])*\}\}/)),
        regex: ($) => seq("/", optional(alias(token.immediate(prec(2, /([^\/\\\n]|\\[^\n])+/)), $.regex_pattern)), token.immediate("/")),
    },
});

; Colours of bake, by Neovim's names of captures.

[(comment) (doc_comment)] @comment @spell
(doc_comment) @comment.documentation

; ---- words

["let" "param" "variable" "secret" "type" "table" "key" "image" "group" "policy" "output" "extern"] @keyword
"fn" @keyword.function
["import" "as"] @keyword.import
["matrix" "axis" "exclude" "use" "name" "retain" "require" "post"] @keyword
(block step: _ @keyword)
(extern sort: _ @keyword)
["rule" "at" "fact" "unique" "per"] @keyword
["since" "formerly" "deprecated" "refused" "late"] @keyword.modifier
["when" "because" "if" "then" "else" "match"] @keyword.conditional
["for"] @keyword.repeat
["in" "matches"] @keyword.operator

; ---- names

(variable) @variable
(binding name: (identifier) @variable)
(image name: (identifier) @type.definition)
(table name: (identifier) @type.definition)
(type_declaration name: (identifier) @type.definition)
(policy name: (identifier) @label)
(policy variable: (identifier) @variable.parameter)
(policy subject: (identifier) @variable.builtin)
(group name: (identifier) @function)
(function name: (identifier) @function)
(use group: (path (identifier) @function .))
(import name: (identifier) @module)
(axis name: (identifier) @variable.parameter)
(parameter name: (identifier) @variable.parameter)
(for_clause variable: (identifier) @variable.parameter)
(named_argument name: (identifier) @variable.parameter)
(table key: (identifier) @property)
(column name: (identifier) @property)
[(key) (quoted_key) (option)] @property
(member) @variable.member
(kind) @type
(fact name: (identifier) @function)
(call function: (variable) @function.call)
(call function: (field member: (member) @function.call))
((call function: (variable) @function.builtin)
    (#any-of? @function.builtin
        "upper" "lower" "title" "trim" "trim_prefix" "trim_suffix" "starts_with" "ends_with" "replace"
        "split" "join" "substr" "repeat" "indent" "lines" "pad" "string" "int" "len" "contains" "distinct"
        "sort" "reverse" "flatten" "slice" "first" "last" "index_of" "range" "all" "any" "sum" "min" "max"
        "abs" "floor" "ceil" "round" "keys" "values" "has" "merge" "json" "base64" "from_base64" "md5"
        "sha1" "sha256" "sha512" "file" "render_file" "render" "verbatim" "env" "given"))

; ---- types

(type_name (identifier) @type)
((type_name . (identifier) @type.builtin .)
    (#any-of? @type.builtin
        "bool" "int" "number" "string" "duration" "size" "region" "zone" "ami_id" "snapshot_id"
        "instance_type" "account_id" "vpc_id" "subnet_id" "security_group_id" "kms_key" "arn" "cidr"
        "device" "path" "iam_profile" "s3_bucket"))
["map" "template"] @type.builtin

; ---- values

(null) @constant.builtin
(boolean) @boolean
(number) @number
(cell) @string
((cell) @constant.builtin (#eq? @constant.builtin "-"))
[(text) (raw_text)] @string
(escape) @string.escape
(template) @string.special
(regex) @string.regexp
(interpolation) @none
(interpolation ["${" "}"] @punctuation.special)
((variable) @variable.builtin (#eq? @variable.builtin "_"))

; ---- marks

["=" "==" "!=" "<=" ">=" "&&" "||" "??" "+" "-" "*" "%" "!" "=>" "->" "?" ".." "..."] @operator
(binary operator: _ @operator)
(type_expression "|" @operator)
(arm "|" @operator)
["(" ")" "[" "]" "{" "}"] @punctuation.bracket
(map_type ["<" ">"] @punctuation.bracket)
(template_type ["<" ">"] @punctuation.bracket)
["," ";" ":" "."] @punctuation.delimiter
(row "|" @punctuation.delimiter)
(header "|" @punctuation.delimiter)

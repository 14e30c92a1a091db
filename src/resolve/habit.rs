//! Names from other languages: what they are called here, or what takes their place.
//!
//! It knows words only. Neighbours: `expr` and `types` ask it for names that nothing declares.

/// What users of other languages call our functions.
pub(super) fn function(name: &str) -> Option<&'static str> {
    Some(match name {
        "length" | "size" | "count" => "len",
        "jsonencode" | "manifestJson" | "to_json" | "tojson" | "encode" => "json",
        "base64encode" => "base64",
        "base64decode" => "from_base64",
        "tostring" | "str" | "format" | "toString" => "string",
        "tonumber" | "to_number" | "parseInt" => "int",
        "concat" => "flatten",
        "lookup" | "objectHas" => "has",
        "templatefile" | "template" => "render_file",
        "getenv" => "env",
        "startswith" | "startsWith" | "hasPrefix" => "starts_with",
        "endswith" | "endsWith" | "hasSuffix" => "ends_with",
        "trimspace" | "strip" => "trim",
        "uniq" | "unique" | "set" | "toset" => "distinct",
        "alltrue" => "all",
        "anytrue" => "any",
        "read" | "readfile" | "importstr" => "file",
        _ => return None,
    })
}

/// What to write for a call of something that is no function here.
pub(super) fn call(name: &str) -> Option<&'static str> {
    Some(match name {
        "not" => "write `!x`",
        "and" => "write `a && b`",
        "or" => "write `a || b`",
        "ifelse" | "iif" | "ternary" | "cond" => "write `if c then a else b`",
        "coalesce" | "default" | "try" => "write `a ?? b`",
        "print" | "println" | "echo" => "nothing is printed: a value is named by `let`, written to a file by `output`",
        "timestamp" | "uuid" | "uuidv4" => {
            "what differs from run to run is Packer's to tell: write it into a text, such as `\"{{timestamp}}\"`"
        }
        "list" | "tuple" => "write a list as `[a, b]`",
        "dict" | "map" | "object" => "write a record as `{ a = 1 }`",
        _ => return None,
    })
}

/// What to write for a value that other languages have under this name.
pub(super) fn value(name: &str) -> Option<&'static str> {
    Some(match name {
        "True" | "TRUE" | "yes" | "on" => "write `true`",
        "False" | "FALSE" | "no" | "off" => "write `false`",
        "None" | "nil" | "NULL" | "Null" | "undefined" | "none" | "nothing" => "write `null`",
        "not" => "write `!x`",
        "var" | "local" => "a param, variable or `let` is called by its bare name: leave `var.` and `local.` out",
        "self" | "this" => "there are no objects here: axes, `let`s and params are called by their bare names",
        "each" | "count" => {
            "many builds come from a matrix: `matrix { axis x in xs }`, and `x` is the value of one build"
        }
        "data" | "source" => {
            "name the AMI in a `param` or `table`, or let the builder look for it: `source_ami_filter = { … }`"
        }
        "path" => "a path is relative to the `.bake` file: write it as a text, `\"scripts/a.sh\"`",
        _ => return None,
    })
}

/// What a type is called here; with backticks where it is more than a name.
pub(super) fn ty(name: &str) -> Option<&'static str> {
    Some(match name {
        "str" | "String" | "text" | "Text" => "write `string`",
        "boolean" | "Bool" | "Boolean" => "write `bool`",
        "integer" | "Int" | "Integer" | "long" | "uint" | "i64" | "int64" => "write `int`",
        "float" | "double" | "Number" | "decimal" | "Float" => "write `number`",
        "list" | "array" | "List" | "Array" | "set" | "tuple" => "write a list as `[string]`",
        "dict" | "Dict" | "Map" | "hash" | "map" => "write a map as `map<string>`",
        "object" | "Object" | "record" | "struct" => "write a record as `{ a: string, b: int }`",
        "any" | "Any" | "dynamic" => "every value has a type: leave the type out to take that of the default",
        "None" | "nil" | "void" | "undefined" => "write `null`, or `string?` for what may be null",
        "optional" | "Optional" => "write `string?` for what may be null",
        "enum" | "Enum" | "Literal" => "write the values: `\"a\" | \"b\"`",
        "time" | "timedelta" | "Duration" | "interval" => "write `duration`",
        "bytes" | "filesize" => "write `size`",
        _ => return None,
    })
}

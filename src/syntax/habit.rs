//! Habits from other languages: what HCL, JSON and Python write where bake writes something else.
//!
//! It knows words and marks at a place that did not parse, and says what to write instead; it decides nothing about what is
//! right. Neighbours: `report` asks it for every message, `scan` for comments and texts that no grammar should see.

use super::report::Part;

/// What somebody meant who began a part with this word, which begins none in bake.
pub(super) fn opening(part: Part, source: &str, at: usize) -> Option<String> {
    let rest = source[at..].trim_start();
    let word = word(rest);
    let behind = rest[word.len()..].trim_start_matches([' ', '\t']);
    if word.is_empty() {
        return mark(part, rest);
    }
    let names = texts(behind);
    match part {
        Part::Item => item(word, behind, &names),
        Part::Statement => statement(word, behind, &names),
        Part::Entry => entry(word, &names),
        Part::MatrixItem if word == "for" || word == "foreach" => Some("write `axis name in […]`".into()),
        Part::MatrixItem if matches!(word, "include" | "only") => {
            Some("a matrix holds all that is not excluded: write `exclude when …`".into())
        }
        Part::MatrixItem if behind.starts_with(['=', ':']) => Some(format!("write `axis {word} in […]`")),
        Part::Require if matches!(word, "assert" | "condition" | "rule" | "deny" | "error_message") => {
            Some("write `require condition, \"message\"`".into())
        }
        _ => None,
    }
}

fn mark(part: Part, rest: &str) -> Option<String> {
    if rest.starts_with("--") || rest.starts_with("<!--") || rest.starts_with("%") {
        return Some(COMMENTS.into());
    }
    let json = rest.starts_with('{') || rest.starts_with('[') || rest.starts_with('"');
    (part == Part::Item && json).then(|| {
        "this looks like JSON, and a `.bake` file holds declarations: write each builder as `image name { builder amazon-ebs \
         { … } }`, each variable as `variable name: string = …`"
            .into()
    })
}

/// How comments are written.
pub(super) const COMMENTS: &str = "a comment begins with `//` or `#` and ends with its line";

/// How a text of several lines is written.
pub(super) const LINES: &str = "text of several lines stands between `\"\"\"` and `\"\"\"`";

fn item(word: &str, behind: &str, names: &[&str]) -> Option<String> {
    let first = |other: &'static str| names.first().copied().filter(|n| is_word(n)).unwrap_or(other).to_owned();
    Some(match word {
        "source" => {
            let name = names.get(1).copied().unwrap_or("name").replace('-', "_");
            format!("write `image {name} {{ builder {} {{ … }} }}`", first("amazon-ebs"))
        }
        "build" | "builds" | "builders" | "sources" => {
            "write `image name { builder amazon-ebs { … } provision shell { … } }`: an image holds its builder and its steps".into()
        }
        "builder" => format!("it stands in an image: `image name {{ builder {} {{ … }} }}`", kind(behind, "amazon-ebs")),
        "provisioner" | "provision" | "provisioners" => {
            format!("it stands in an image or a group: `image name {{ provision {} {{ … }} }}`", kind(behind, "shell"))
        }
        "post-processor" | "post-processors" | "post" => {
            format!("it stands in an image: `image name {{ post {} {{ … }} }}`", kind(behind, "manifest"))
        }
        "cleanup" | "test" => format!("it stands in an image or a group: `{word} {} {{ … }}`", kind(behind, "shell")),
        "error-cleanup-provisioner" => {
            format!("it stands in an image: `image name {{ cleanup {} {{ … }} }}`", kind(behind, "shell"))
        }
        "matrix" | "axis" | "exclude" => "it stands in an image: `image name { matrix { axis a in [1, 2] } }`".into(),
        "use" => "it stands in an image or a group: `image name { use group() }`".into(),
        "require" | "assert" => {
            "it stands in a policy: `policy name for build in builds { require condition, \"message\" }`".into()
        }
        "locals" => "write each of them as `let name = value`".into(),
        "local" => format!("write `let {} = value`", first("name")),
        "variables" => "write each of them as `variable name: string = …`, or `param` where it is known at compile time".into(),
        "packer" | "terraform" => {
            "leave it out: no version or plugin is declared; what a plan needs is written when it is compiled".into()
        }
        "data" => "write the id into a `param` or `table`, or let the builder look for it: `source_ami_filter = { … }`".into(),
        "resource" | "module" | "provider" => {
            "images are all that is declared here; what several files share is taken by `import \"file.bake\"`".into()
        }
        "def" | "function" | "func" | "fun" | "macro" | "lambda" | "sub" => {
            "write `fn name(a: string) -> string = value`".into()
        }
        "const" | "var" | "val" | "set" | "auto" | "final" | "static" | "define" | "local_variable" => {
            format!("write `let {} = value`", if word_is_name(behind) { self::word(behind) } else { "name" })
        }
        "from" | "include" | "using" | "load" => {
            format!("write `import \"{}\"`", names.first().copied().unwrap_or("file.bake"))
        }
        "class" | "struct" | "interface" | "record" | "typedef" | "schema" | "object" => {
            "write `type Name = { field: string }`".into()
        }
        "enum" => "write `type Name = \"a\" | \"b\"`".into(),
        "if" | "unless" | "switch" | "else" => {
            "a condition gives a value, `let x = if c then a else b`; a step is chosen by `when`, a build by `exclude when`".into()
        }
        "for" | "while" | "foreach" | "for_each" => {
            "many builds come from a matrix, `matrix { axis x in xs }`, a list is made by `[for x in xs: …]`".into()
        }
        "return" | "print" | "echo" | "yield" => "nothing runs here: a value is named by `let name = value`".into(),
        _ if behind.starts_with("+=") || behind.starts_with("-=") => {
            format!("a value never changes: give the result a name of its own, `let name = {word} + …`")
        }
        _ if behind.starts_with('=') && !behind.starts_with("==") || behind.starts_with(":=") => {
            format!("write `let {} = …`", word.replace('-', "_"))
        }
        _ => return None,
    })
}

fn statement(word: &str, behind: &str, names: &[&str]) -> Option<String> {
    Some(match word {
        "provisioner" | "step" | "run" | "provisioners" => {
            format!("write `provision {} {{ … }}`", kind(behind, "shell"))
        }
        "post-processor" | "postprocessor" | "post_processor" => {
            format!("write `post {} {{ … }}`", kind(behind, "manifest"))
        }
        "post-processors" => "write a chain as `post { a { … } then b { … } }`".into(),
        "error-cleanup-provisioner" => format!("write `cleanup {} {{ … }}`", kind(behind, "shell")),
        "source" | "sources" | "builders" | "build" => {
            format!("write `builder {} {{ … }}`", names.first().copied().filter(|n| is_word(n)).unwrap_or("amazon-ebs"))
        }
        "locals" | "local" | "const" | "var" => "write `let name = value`".into(),
        "if" | "unless" | "switch" | "else" => {
            "a statement is chosen by `when`: `provision shell when condition { … }`, `use group() when condition`"
                .into()
        }
        "for" | "while" | "foreach" | "dynamic" | "for_each" => {
            "many builds come from a matrix, `matrix { axis x in xs }`; a list is made by `[for x in xs: …]`".into()
        }
        "axis" | "exclude" => "it stands in the matrix: `matrix { axis a in [1, 2] }`".into(),
        "param" | "variable" | "secret" | "variables" | "fn" | "def" | "type" | "table" | "import" => {
            "it stands at the top of the file, outside of the image".into()
        }
        "then" => "write a chain as `post { a { … } then b { … } }`".into(),
        "name" | "let" | "builder" | "provision" | "cleanup" | "test" | "use" | "post" | "matrix" | "retain" => {
            return None;
        }
        _ if behind.starts_with('=') => {
            format!("an option stands in the builder; a value of your own is `let {} = …`", word.replace('-', "_"))
        }
        _ => return None,
    })
}

fn entry(word: &str, names: &[&str]) -> Option<String> {
    let name = names.first().copied().filter(|n| is_word(n)).unwrap_or("name");
    Some(match word {
        "dynamic" => format!("write a list made of a list: `{name} = [for x in xs: {{ … }}]`"),
        "for" | "for_each" => "write a list made of a list: `name = [for x in xs: …]`".into(),
        "if" | "else" | "unless" => {
            "an option has its own condition, `name = if c then a else b`; with `null` it is left out".into()
        }
        _ => return None,
    })
}

/// How an item or statement is written that began right and went wrong in its head.
pub(super) fn form(part: Part, source: &str, start: usize, at: usize) -> Option<String> {
    let rest = source[start..].trim_start();
    let found = source[at..].trim_start();
    let help = match (part, word(rest)) {
        (Part::Item, "fn") => match found.chars().next() {
            Some(',' | ')') => "every parameter has a type: `fn name(a: string) -> string = value`",
            Some(':') => "the type of the result stands behind `->`: `fn name(a: string) -> string = value`",
            Some('{') => "the value stands behind `=`: `fn name(a: string) -> string = value`",
            _ => "write `fn name(a: string) -> string = value`",
        },
        (Part::Item, "import") => "write `import \"file.bake\"`, or `import \"file.bake\" as name`",
        (Part::Item, "table") => {
            "write `table name key (a) {`, then a header row `| a: string | b: int |` and the rows"
        }
        (Part::Item, "image") => "write `image name { … }`",
        (Part::Item, "group") => "write `group name(a: string) { … }`, or `group name() { … }`",
        (Part::Item, "policy") => "write `policy name for build in builds { require condition, \"message\" }`",
        (Part::Item, "output") => "write `output \"file.json\" = value`",
        (Part::Item, "extern") => "write `extern builder name { option: string }`; or `provisioner`, `post`, `options`",
        (Part::Item, "type") => {
            "write `type Name = string`, `type Name = \"a\" | \"b\"` or `type Name = { a: string }`"
        }
        (Part::Statement, "builder") => "write `builder amazon-ebs { … }`",
        (Part::Statement, "provision") => {
            "write `provision shell { … }`, or `provision shell \"label\" when condition { … }`"
        }
        (Part::Statement, "cleanup") => "write `cleanup shell { … }`",
        (Part::Statement, "test") => "write `test shell \"label\" { … }`",
        (Part::Statement, "post") => "write `post manifest { … }`, or a chain `post { a { … } then b { … } }`",
        (Part::Statement, "use") => "write `use group(arguments)`",
        (Part::MatrixItem, "axis") => "write `axis name in [1, 2]`, or `axis { a, b } in table`",
        (Part::MatrixItem, "exclude") => "write `exclude when condition`, and behind it `because \"…\"` if you like",
        (Part::Require, "require") => "write `require condition, \"message\"`",
        _ => return None,
    };
    Some(help.to_owned())
}

/// What a word or mark means in the middle of a value, where nothing in bake is written so.
pub(super) fn token(source: &str, at: usize) -> Option<String> {
    let rest = source[at..].trim_start_matches([' ', '\t', '\r']);
    let at = source.len() - rest.len();
    let before = source[..at].trim_end_matches([' ', '\t']);
    let behind = last_word(before);
    let touching = before.len() == at;
    let words: &str = match word(rest) {
        "and" => "write `&&`",
        "or" => "write `||`",
        "not" if word(rest[3..].trim_start()) == "in" => "write `!(x in xs)`",
        "not" => "write `!`",
        "is" => "write `==` or `!=`",
        "eq" => "write `==`",
        "ne" => "write `!=`",
        "div" | "mod" => "write `/` or `%`",
        "elif" | "elsif" | "elseif" | "elseIf" => "write `else if`",
        "unless" => "write `if !c then a else b`",
        "if" if behind == "exclude" => "write `exclude when condition`",
        "if" if !before.is_empty() => "write `if c then a else b`",
        "for" if !before.is_empty() => "write `[for x in xs: …]`, or `{ for k, v in m: k = v }`",
        _ => "",
    };
    if !words.is_empty() {
        return Some(words.into());
    }
    let words = match behind {
        "not" => "write `!`",
        "f" | "F" if touching && rest.starts_with(['"', '\'']) => "leave the letter out: every `\"…\"` takes `${…}`",
        "r" | "R" | "b" | "u" if touching && rest.starts_with(['"', '\'']) => {
            "leave the letter out: a text without escapes stands in `'…'`"
        }
        "list" | "set" | "tuple" | "List" | "Set" | "array" | "Array" if rest.starts_with(['(', '[', '<']) => {
            "write a list as `[string]`"
        }
        "map" | "dict" | "Map" | "Dict" | "Mapping" if rest.starts_with(['(', '[', '<']) => {
            "write a map as `map<string>`"
        }
        "object" | "Object" if rest.starts_with(['(', '<']) => "write a record as `{ a: string, b: int }`",
        "optional" | "Optional" | "Option" | "Union" if rest.starts_with(['(', '[', '<']) => {
            "write `string?` for what may be null, `\"a\" | \"b\"` for one of several"
        }
        _ => "",
    };
    if !words.is_empty() {
        return Some(words.into());
    }
    let starts = |mark: &str| rest.starts_with(mark);
    Some(
        match () {
            _ if starts("[]") => "write a list as `[string]`",
            _ if starts("/*") || starts("*/") => COMMENTS,
            _ if starts("<<") => LINES,
            _ if starts("?") => "write `if c then a else b`",
            _ if starts("=") && before.ends_with("==") => "write `==`",
            _ if starts("=") && before.ends_with("!=") => "write `!=`",
            _ if starts("=~") => "write `text matches /pattern/`",
            _ if starts(">") && before.ends_with('<') => "write `!=`",
            _ if starts("*") && before.ends_with('*') => "multiply by itself: there is no operator for powers",
            _ if starts("*") && before.ends_with('[') => "write `[for x in xs: x.name]`",
            _ if starts("=") && before.ends_with(['+', '-', '*', '/']) => {
                "a value never changes: give the result a name"
            }
            _ if starts("=") && before.ends_with(':') => "write `=`",
            _ if starts("&") || before.ends_with('&') => "write `&&`",
            _ if starts("|") || before.ends_with('|') => "write `||`",
            _ if starts("`") => "text stands in quotes: `\"…\"`",
            _ if starts("=>") => {
                "write `=` between a key and its value; a function is `fn name(a: string) -> string = value`"
            }
            _ => return None,
        }
        .into(),
    )
}

/// `{ type = string, default = "a" }` behind the name of a variable, as bake writes it.
pub(super) fn declaration(word: &str, name: &str, settings: &str) -> String {
    let setting = |key: &str| {
        let inside = settings.trim_start_matches('{').trim_end_matches('}');
        let value =
            inside.split('\n').find_map(|line| line.trim().strip_prefix(key)?.trim_start().strip_prefix('='))?;
        let value = value.trim().trim_end_matches(',');
        let whole = ["{", "[", "("].iter().all(|m| !value.ends_with(m)) && !value.is_empty() && value.len() < 60;
        whole.then_some(value)
    };
    if word == "let" {
        return format!("write `let {name} = value`");
    }
    let ty = setting("type").and_then(|t| type_of(t.trim_matches('"')));
    let value = setting("default").map(|v| format!(" = {v}")).unwrap_or_default();
    let ty = match ty {
        Some(ty) => format!(": {ty}"),
        None if value.is_empty() => ": string".into(),
        None => String::new(),
    };
    format!("write `{word} {name}{ty}{value}`")
}

fn type_of(written: &str) -> Option<String> {
    if let Some(inner) = written.strip_prefix("list(").or_else(|| written.strip_prefix("set(")) {
        return Some(format!("[{}]", type_of(inner.strip_suffix(')')?)?));
    }
    if let Some(inner) = written.strip_prefix("map(") {
        return Some(format!("map<{}>", type_of(inner.strip_suffix(')')?)?));
    }
    matches!(written, "string" | "number" | "bool" | "int").then(|| written.to_owned())
}

/// The kind that is named behind a word, in quotes or not.
fn kind<'a>(behind: &'a str, otherwise: &'a str) -> &'a str {
    let bare = word(behind.trim_start_matches('"'));
    if bare.is_empty() { otherwise } else { bare }
}

/// The texts in quotes that follow at once.
fn texts(mut rest: &str) -> Vec<&str> {
    let mut found = Vec::new();
    while let Some(inside) = rest.strip_prefix('"')
        && let Some(end) = inside.find(['"', '\n'])
    {
        found.push(&inside[..end]);
        rest = inside[end..].trim_start_matches('"').trim_start_matches([' ', '\t']);
    }
    found
}

fn word(rest: &str) -> &str {
    let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
    if rest.starts_with('-') { "" } else { &rest[..length] }
}

fn word_is_name(rest: &str) -> bool {
    let word = word(rest);
    !word.is_empty() && !word.contains('-') && is_word(word)
}

fn last_word(before: &str) -> &str {
    let start = before
        .rfind(|c: char| !(c.is_alphanumeric() || c == '_'))
        .map_or(0, |n| n + before[n..].chars().next().map_or(1, char::len_utf8));
    &before[start..]
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

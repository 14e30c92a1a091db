//! The editor files under `grammar/` know the words that the language knows: its keywords, types, functions and units.
//! `UPDATE=1` rewrites the lists of names in them; what a keyword is by its place is theirs to say.
//!
//! It reads files and the program's own lists. What editors make of them is tried in `tests/peer/editors.rs`.

use std::collections::BTreeSet;

use bakec::resolve::builtin;
use bakec::template;
use bakec::ty::Domain;
use regex::Regex;

use crate::support::{expect, keywords, none, read};

const TEXTMATE: &str = "grammar/vscode/syntaxes/bake.tmLanguage.json";
const VIM: &str = "grammar/neovim/syntax/bake.vim";
const TREE: &str = "grammar/tree-sitter/grammar.js";
const QUERIES: [&str; 2] = ["grammar/neovim/queries/bake/highlights.scm", "grammar/helix/queries/bake/highlights.scm"];

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a regex")
}

/// The words of every match of the pattern's first group, taken apart at what is no letter.
fn words(text: &str, pattern: &str) -> Vec<String> {
    let parts = regex(pattern).captures_iter(text).map(|part| part[1].to_string()).collect::<Vec<_>>().join(" ");
    let word = regex(r"\w+");
    let words: Vec<String> = word.find_iter(&parts).map(|word| word.as_str().to_string()).collect();
    assert!(!words.is_empty(), "nothing in the file looks like `{pattern}`");
    words
}

fn types() -> Vec<String> {
    let scalars = words(&read("src/resolve/declare.rs"), r"const TYPE_NAMES: \[&str; \d+\] = \[(.*)\];");
    let domains = Domain::ALL.iter().map(|(_, name)| name.to_string());
    // Null is a constant wherever it stands.
    scalars.into_iter().filter(|name| name != "null").chain(domains).collect()
}

fn functions() -> Vec<String> {
    builtin::ALL.iter().map(|function| function.name.to_string()).collect()
}

fn run_time_functions() -> Vec<String> {
    template::functions().iter().map(|function| function.name.to_string()).collect()
}

fn units(table: &str) -> Vec<String> {
    let numbers = read("src/syntax/lower/number.rs");
    let rows = numbers.split(table).nth(1).and_then(|rest| rest.split("];").next()).unwrap_or_default();
    words(rows, r#"\("(\w+)", "#)
}

/// All words of the grammar that are keywords somewhere.
fn grammar_words() -> BTreeSet<String> {
    let grammar = read("grammar/bake.pest");
    let rules = [
        r"(?m)^binding_word = @\{(.*)~ !letter",
        r"(?m)^block_word = @\{(.*)~ !letter",
        r"(?m)^extern_word = @\{(.*)~ !letter",
        r"(?m)^constant = @\{(.*)~ !letter",
        r"(?m)^late +=(.*)@?~ !letter",
    ];
    rules.iter().flat_map(|rule| words(&grammar, rule)).chain(keywords()).collect()
}

/// Lines of words as wide as the sources, each word and each line between marks.
fn lines(words: &[String], quote: &str, lead: &str) -> String {
    let quoted = words.iter().map(|word| format!("{quote}{word}{quote}")).collect::<Vec<_>>().join(" ");
    textwrap::wrap(&quoted, 100).iter().map(|line| format!("{lead}{line}")).collect::<Vec<_>>().join("\n")
}

/// The file with what stands between `open` and `close`, behind `place`, made anew.
fn renew(text: &str, place: &str, open: &str, close: &str, inside: &str) -> Result<String, String> {
    let missing = |what: &str| format!("nothing looks like `{what}` behind `{place}`");
    let at = text.find(place).ok_or_else(|| missing(place))? + place.len();
    let start = at + text[at..].find(open).ok_or_else(|| missing(open))? + open.len();
    let end = start + text[start..].find(close).ok_or_else(|| missing(close))?;
    Ok(format!("{}{inside}{}", &text[..start], &text[end..]))
}

#[test]
fn the_lists_of_names_are_those_of_the_language() {
    let alternatives = |words: Vec<String>| words.join("|");
    // Vim takes `contains` for an argument of its own; a match of its own names it.
    let vim = |words: Vec<String>| {
        lines(&words.into_iter().filter(|word| word != "contains").collect::<Vec<_>>(), "", "            \\ ")
    };
    let query = |words: Vec<String>| lines(&words, "\"", "        ");
    let mut lists = vec![
        (TEXTMATE, "\"builtin-types\": {", "(?:", ")", alternatives(types())),
        (TEXTMATE, "\"builtin-functions\": {", "(?:", ")", alternatives(functions())),
        (TEXTMATE, "\"template-functions\": {", "(?:", ")", alternatives(run_time_functions())),
        (TEXTMATE, "\"constant.numeric.size.bake\"", "(", ")", alternatives(units("const SIZES"))),
        (TEXTMATE, "\"numbers\": {", "]*(?:", ")", alternatives(units("const DURATIONS"))),
        (VIM, "syntax keyword bakeTypeBuiltin contained", "\n", "\n\n", vim(types())),
        (VIM, "syntax keyword bakeFunction contained", "\n", "\n\"", vim(functions())),
        (VIM, "syntax keyword bakeTemplateFunction contained", "\n", "\n\n", vim(run_time_functions())),
    ];
    for file in QUERIES {
        lists.push((file, "#any-of? @function.builtin", "\n", "))", query(functions())));
        lists.push((file, "#any-of? @type.builtin", "\n", "))", query(types())));
    }
    let mistakes = lists.into_iter().filter_map(|(file, place, open, close, inside)| {
        let right = renew(&read(file), place, open, close, &inside).map_err(|why| format!("{file}: {why}"));
        right.and_then(|right| expect(file, &right)).err()
    });
    none(mistakes.collect());
}

/// Fails with what only one of the two knows.
fn same(file: &str, held: &BTreeSet<String>, right: &BTreeSet<String>) {
    let (extra, missing): (Vec<_>, Vec<_>) = (held.difference(right).collect(), right.difference(held).collect());
    assert!(extra.is_empty() && missing.is_empty(), "{file} has the words {extra:?} too many, and lacks {missing:?}");
}

fn set(words: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    words
        .into_iter()
        .filter(|word| word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        .collect()
}

/// All words that stand in patterns: without their escapes and classes of characters.
fn in_patterns(patterns: &str) -> BTreeSet<String> {
    let bare = regex(r"\\%?.|\[(?:\\.|[^\]\\])*\]").replace_all(patterns, " ");
    set(regex(r"[A-Za-z_]\w*").find_iter(&bare).map(|word| word.as_str().to_string()))
}

/// What `{{…}}` has of words beside functions, and names that are units, types or functions.
fn other_names() -> BTreeSet<String> {
    let control = ["if", "else", "end", "with", "range", "break", "continue", "true", "false", "nil"].map(String::from);
    let names = [types(), functions(), run_time_functions()].concat();
    set(control.into_iter().chain(names))
}

#[test]
fn the_textmate_grammar_knows_the_words_of_the_grammar() {
    let grammar: serde_json::Value = serde_json::from_str(&read(TEXTMATE)).expect("the grammar is JSON");
    let mut patterns = Vec::new();
    let mut open = vec![&grammar];
    while let Some(value) = open.pop() {
        if let serde_json::Value::Object(entries) = value {
            patterns.extend(["match", "begin", "end"].iter().filter_map(|key| entries.get(*key)?.as_str()));
            open.extend(entries.values());
        }
        open.extend(value.as_array().into_iter().flatten());
    }
    let units = set(units("const DURATIONS"));
    let right = grammar_words().union(&other_names()).cloned().chain(units).collect();
    same(TEXTMATE, &in_patterns(&patterns.join(" ")), &right);
}

#[test]
fn the_syntax_of_vim_knows_the_words_of_the_grammar() {
    let text = read(VIM).replace("\n            \\", "");
    let keyword = regex(r"(?m)^syntax keyword \w+ (?:contained )?(.*)$");
    let pattern = regex(r"(?m)^syntax match \w+ (?:contained )?(?:/(.*?[^\\])/|\+(.*?)\+)(?: |$)");
    let lists = keyword.captures_iter(&text).map(|list| list[1].to_string());
    let patterns = pattern.captures_iter(&text).filter_map(|found| Some(found.get(1)?.as_str().to_string()));
    let held = in_patterns(&lists.chain(patterns).collect::<Vec<_>>().join(" "));
    // What is a key or a name by its place needs no word: `name = …`.
    let right = grammar_words().union(&other_names()).filter(|word| *word != "name").cloned().collect();
    same(VIM, &held, &right);
}

#[test]
fn the_tree_sitter_grammar_knows_the_words_of_the_grammar() {
    let text = regex(r#"(field|name:) ?\(?"\w+""#).replace_all(&read(TREE), "").into_owned();
    same(TREE, &set(words(&text, r#""([a-z]+)""#)), &grammar_words());
    for file in QUERIES {
        let text = regex(r"(?s)#any-of\?.*?\)\)").replace_all(&read(file), "").into_owned();
        // The words in front of a step and of what is declared are named by their field.
        let by_field = words(&read("grammar/bake.pest"), r"(?m)^(?:block|extern)_word = @\{(.*)~ !letter");
        let by_node = ["null", "true", "false", "post"].map(String::from);
        let by_place: BTreeSet<String> = by_field.into_iter().chain(by_node).collect();
        let right: BTreeSet<String> = grammar_words().difference(&by_place).cloned().collect();
        let held: BTreeSet<String> = set(words(&text, r#""([a-z]+)""#)).difference(&by_place).cloned().collect();
        same(file, &held, &right);
    }
}

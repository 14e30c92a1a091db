//! What Packer cannot say, and the words for it.

use smol_str::SmolStr;

use crate::diagnostic::{Diagnostic, code};
use crate::packer::Edge;
use crate::plan::{Origin, Plan};
use crate::text::{FileId, Sources, Span};

/// Something of the plan that Packer does not do, and where it is written.
#[derive(Clone, PartialEq, Debug)]
pub struct EmitProblem {
    /// The place in the plan's files.
    pub at: Origin,
    /// What is lost.
    pub lost: Lost,
    /// Whether it stays in the plan's comment.
    pub kept: bool,
}

/// What is lost.
#[derive(Clone, PartialEq, Debug)]
pub enum Lost {
    /// AMIs of other builds: Packer knows no order between builds.
    Edges(Vec<Edge>),
    /// A test.
    Test {
        /// Its label, or its kind.
        name: SmolStr,
    },
    /// A file to be written after the run.
    Output {
        /// The file.
        file: SmolStr,
    },
    /// What to keep of former images.
    Retain {
        /// The image.
        image: SmolStr,
    },
    /// A cleanup that is not for all builds.
    PartialCleanup,
    /// A cleanup after the first.
    SecondCleanup,
    /// A step that only bakec knows, for which others stand.
    StandIn {
        /// The kind.
        kind: SmolStr,
    },
    /// A kind of which nobody says which plugin brings it.
    Plugin {
        /// The kind.
        kind: SmolStr,
    },
    /// An option that HCL has no place for.
    Option {
        /// The kind.
        kind: SmolStr,
        /// The option.
        name: SmolStr,
    },
    /// A build that HCL calls by another name in some places.
    Label {
        /// The name of the build.
        name: SmolStr,
        /// The label of its source.
        label: SmolStr,
    },
    /// A `{{` as data in a variable or an option that Packer renders until nothing changes.
    Braces {
        /// The variable or option.
        name: SmolStr,
    },
}

impl EmitProblem {
    /// The problem as a diagnostic; its place is looked up in the sources of the compilation that made the plan.
    pub fn diagnostic(&self, plan: &Plan, sources: &Sources) -> Diagnostic {
        let at = span(self.at, plan, sources);
        let done = |diagnostic: Diagnostic, label: &str, help: String| diagnostic.label(at, label).help(help);
        let kept = if self.kept { "it stays in the plan's comment; " } else { "" };
        match &self.lost {
            Lost::Edges(edges) => {
                let more = match edges.len() {
                    0 | 1 => String::new(),
                    n => format!(" and {} more", n - 1),
                };
                let (variable, build) = edges.first().map_or(("", ""), |e| (e.variable.as_str(), e.ami.build.as_str()));
                done(
                    Diagnostic::warning(
                        code::EMIT_EDGES,
                        format!("Packer does not wait for the AMI of `{build}`{more}"),
                    ),
                    &format!("becomes the variable `{variable}`{more}, which must be set"),
                    format!(
                        "`--stage all` writes one template for each layer; or build `{build}` first and give Packer its AMI: \
                         `-var {variable}=ami-…`"
                    ),
                )
            }
            Lost::Test { name } => done(
                Diagnostic::warning(code::EMIT_TESTS, format!("Packer does not run the test `{name}`")),
                "Packer knows no tests",
                format!("{kept}what must hold before the AMI is made can be a `provision` step"),
            ),
            Lost::Output { file } => done(
                Diagnostic::warning(code::EMIT_OUTPUTS, format!("Packer does not write `{file}`")),
                "Packer knows no outputs",
                format!("{kept}`post manifest {{ … }}` makes Packer write the ids that it knows"),
            ),
            Lost::Retain { image } => done(
                Diagnostic::warning(code::EMIT_RETAIN, format!("Packer keeps all former images of `{image}`")),
                "`retain` of this image is not Packer's",
                format!("{kept}former images are left to be removed by other means"),
            ),
            Lost::PartialCleanup => done(
                Diagnostic::warning(code::EMIT_CLEANUP, "Packer runs a cleanup for all builds or for none"),
                "is left out, as it is for some builds only",
                "let the script decide by `$PACKER_BUILD_NAME`, in a `cleanup` without `when`".into(),
            ),
            Lost::SecondCleanup => done(
                Diagnostic::warning(code::EMIT_CLEANUP, "Packer runs one cleanup, the first"),
                "is left out",
                "write both in one `cleanup`".into(),
            ),
            Lost::StandIn { kind } => done(
                Diagnostic::warning(
                    code::EMIT_STEP,
                    format!("Packer knows no step `{kind}`, and runs a shell step instead"),
                ),
                "becomes a `shell` step, and one that waits",
                format!(
                    "{kept}Packer takes a connection that is lost for a restart, `bakec run` asks the machine; a `shell` step \
                     with `expect_disconnect = true` means the same to both"
                ),
            ),
            Lost::Plugin { kind } => done(
                Diagnostic::warning(code::EMIT_PLUGIN, format!("no plugin is known that brings `{kind}`")),
                "its plugin is not in `required_plugins`",
                "add its source to the template by hand, or install it: `packer plugins install github.com/…`".into(),
            ),
            Lost::Option { kind, name } => done(
                Diagnostic::warning(code::EMIT_OPTION, format!("`{kind}` takes no `{name}` from HCL")),
                "is left out",
                "write the plan as JSON, without `--target packer-hcl`, or do without it".into(),
            ),
            Lost::Label { name, label } => done(
                Diagnostic::warning(
                    code::EMIT_LABEL,
                    format!("in HCL no source is named `{name}`: it becomes `{label}`"),
                ),
                "names a build with a `.`",
                format!(
                    "manifests and `$PACKER_BUILD_NAME` will say `{label}`, all else `{name}`; write `-` or `_` for the `.`"
                ),
            ),
            Lost::Braces { name } => done(
                Diagnostic::warning(code::EMIT_BRACES, format!("Packer reads the `{{{{` in `{name}` as a template")),
                "is rendered until nothing changes, so no escape helps",
                "leave `{{` out of it; a script or file that a step uploads may hold it".into(),
            ),
        }
    }
}

/// The word at an origin. A place that the sources do not hold is the start of the first file.
fn span(origin: Origin, plan: &Plan, sources: &Sources) -> Span {
    let start = Span::file_start(FileId(0));
    let Some(path) = plan.files.get(origin.file as usize) else { return start };
    let Some((file, source)) = sources.iter().find(|(_, s)| s.path() == path) else { return start };
    let before = origin.line.saturating_sub(1) as usize;
    let begin: usize = source.text().split_inclusive('\n').take(before).map(str::len).sum();
    let line = source.line(origin.line);
    if line.is_empty() {
        return Span::file_start(file);
    }
    let column = line.char_indices().nth(origin.column.saturating_sub(1) as usize).map_or(line.len(), |(i, _)| i);
    let rest = &line[column..];
    let word = match rest.strip_prefix('"').and_then(|inner| inner.find('"')) {
        Some(inner) => inner + 2,
        None => rest.find(|c: char| !(c.is_alphanumeric() || "_-".contains(c))).unwrap_or(rest.len()),
    };
    let word = if word == 0 { line[column..].chars().next().map_or(0, char::len_utf8) } else { word };
    Span::new(file, begin + column, begin + column + word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Source;

    #[test]
    fn an_origin_is_the_word_that_stands_there() {
        let mut sources = Sources::new();
        sources.add(Source::new("other.bake", "x"));
        sources.add(Source::new("a.bake", "// ü\n  ü = test-x {\n"));
        let plan = Plan { files: vec!["a.bake".into()], ..Plan::default() };
        let word = |line, column| sources.slice(span(Origin { file: 0, line, column }, &plan, &sources)).to_owned();
        assert_eq!(word(2, 7), "test-x");
        assert_eq!(word(2, 14), "{");
        assert_eq!(word(2, 3), "ü");
        assert_eq!(word(9, 1), "");
        assert_eq!(span(Origin { file: 7, line: 1, column: 1 }, &plan, &sources), Span::file_start(FileId(0)));
    }
}

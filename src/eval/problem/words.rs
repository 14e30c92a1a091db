//! The words of every mistake in values: message, labels, help. It decides nothing and knows no value but those it is given.

use super::EvalProblem::{self, *};
use crate::diagnostic::{Diagnostic, code};
use crate::text::Span;
use crate::ty::describe;

impl EvalProblem {
    /// The diagnostic without the builds that it touches.
    pub(super) fn plain(&self) -> Diagnostic {
        match self {
            Overflow { at } => Diagnostic::error(code::VALUE_ARITHMETIC, "the result is too large for a number")
                .label(*at, "")
                .help("an int has 64 bits; a size or duration is not negative"),
            DivisionByZero { at } => Diagnostic::error(code::VALUE_ARITHMETIC, "a division by zero")
                .label(*at, "zero")
                .help("guard it: `if n == 0 then … else …`"),
            TooLarge { at } => Diagnostic::error(code::VALUE_LIMIT, "a value grows beyond what any plan needs")
                .label(*at, "")
                .help("a list holds at most 1,000,000 elements, a text 16 MiB"),
            TooMuchWork { at } => {
                Diagnostic::error(code::VALUE_LIMIT, "the program takes more work than any plan needs")
                    .label(*at, "given up here")
                    .help("functions that call others twice, and lists of lists, double their work at every step")
            }
            TooDeep { at } => {
                Diagnostic::error(code::VALUE_LIMIT, "values are made from each other in too long a chain")
                    .label(*at, "given up here")
                    .help("shorten the chain of lets and functions")
            }
            NullMatches { at } => Diagnostic::error(code::TYPE_NULL, "null has no text that could match")
                .label(*at, "null")
                .help("ask first whether it is there: `when build.options.x != null`"),
            NullInList { at } => Diagnostic::error(code::TYPE_NULL, "null cannot stand in a list")
                .label(*at, "null")
                .help("leave it out: `[for x in xs if x != null: x]`"),
            SameKey { key, at } => Diagnostic::error(code::VALUE_KEY, format!("two entries have the key `{key}`"))
                .label(*at, "the same key twice")
                .help("make the keys differ, or leave out elements by `if`"),
            OutOfRange { index, length, at } => {
                Diagnostic::error(code::VALUE_KEY, format!("index {index} in a list of {length}"))
                    .label(*at, "out of range")
                    .help("indices begin at 0; -1 is the last element")
            }
            NoKey { key, nearest, at } => Diagnostic::error(code::VALUE_KEY, format!("no entry has the key `{key}`"))
                .label(*at, "")
                .help(match nearest {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "ask with `has(map, key)` where it may be missing".into(),
                }),
            NoRow { table, key, near, at, declared } => {
                Diagnostic::error(code::TABLE_NO_ROW, format!("table `{table}` has no row `{key}`"))
                    .label(*at, "")
                    .label(*declared, "the table")
                    .help(match near {
                        Some(near) => format!("the nearest key is `{near}`"),
                        None => "add the row, or exclude the cell".into(),
                    })
            }
            NotAnInt { text, at } => Diagnostic::error(code::VALUE_CONVERSION, format!("`{text}` is no int"))
                .label(*at, "")
                .help("digits, perhaps with a `-` before them"),
            NotBase64 { at } => Diagnostic::error(code::VALUE_CONVERSION, "not the base64 of a text")
                .label(*at, "")
                .help("the standard alphabet, padded with `=`, of UTF-8 bytes"),
            NoEnvironment { name, at } => {
                Diagnostic::error(code::INPUT_ENVIRONMENT, format!("the environment has no `{name}`"))
                    .label(*at, "")
                    .help(format!("set it, `{name}=… bakec …`, or give the param by `--set`"))
            }
            Read { path, error: why, at } => {
                let (what, help) = why.words();
                Diagnostic::error(code::LOAD_READ, format!("cannot read `{path}`: {what}"))
                    .label(*at, "named here")
                    .help(help)
            }
            Render { why, help, at } => {
                Diagnostic::error(code::VALUE_RENDER, format!("the template cannot be rendered: {why}"))
                    .label(*at, "")
                    .help_opt(help.clone())
            }
            TooManyAxes { at } => Diagnostic::error(code::MATRIX_SIZE, "more than 64 axes")
                .label(*at, "one too many")
                .help("bind several columns of a table by one axis"),
            TooManyBuilds { cells, limit, at } => Diagnostic::error(
                code::MATRIX_SIZE,
                format!("the matrix has {} cells, the limit is {limit}", grouped(*cells)),
            )
            .label(*at, "with this axis")
            .help("make the axes shorter, or raise the limit by `--max-builds`"),
            SameAxisValue { value, at, axis } => {
                let inside = axis.file == at.file && axis.start <= at.start && at.end <= axis.end;
                let diagnostic =
                    Diagnostic::error(code::MATRIX_AXIS, format!("the axis holds `{value}` twice")).label(*at, "again");
                let diagnostic = if inside { diagnostic } else { diagnostic.label(*axis, "this axis") };
                diagnostic.help("every value of an axis is one coordinate: remove the second, or use `distinct(…)`")
            }
            BuildsTooEarly { image, at } => {
                let message = format!("the builds of `{image}` are not known while matrices are made");
                Diagnostic::error(code::MATRIX_AXIS, message)
                    .label(*at, "asked for here")
                    .help("write the values in a list or table that both images use as an axis")
            }
            IdleExclude { at } => Diagnostic::warning(code::MATRIX_IDLE_EXCLUDE, "this exclude matches no cell")
                .label(*at, "")
                .help("remove it, or mend its condition: it may hold a misspelt value"),
            NoBuilds { image, at } => {
                Diagnostic::warning(code::MATRIX_EMPTY, format!("no cell of image `{image}` is left"))
                    .label(*at, "every cell is excluded")
                    .help("look at the excludes, and at the axes that are empty")
            }
            BadName { name, written, at } => Diagnostic::error(
                code::BUILD_NAME,
                format!("`{name}` cannot be the name of a build"),
            )
            .label(*at, if *written { "" } else { "the default name joins the image's name and the axes" })
            .help("1 to 128 letters, digits, `.`, `_` and `-`, beginning with a letter or digit; set it by `name = …`"),
            SameName { name, cells, unused, at, other } => {
                let diagnostic = Diagnostic::error(code::BUILD_SAME_NAME, format!("two builds are named `{name}`"));
                let diagnostic = match other {
                    Some(other) => {
                        diagnostic.label(*at, format!("by {}", cells[1])).label(*other, format!("by {}", cells[0]))
                    }
                    None => diagnostic.label(*at, format!("by {} and by {}", cells[0], cells[1])),
                };
                diagnostic.help(match unused {
                    Some(axis) => format!("the name does not use axis `{axis}`: add `${{{axis}}}` to it"),
                    None => "names are unique in a plan: let the name use every axis that tells builds apart".into(),
                })
            }
            NoBuilder { image, names, at, whens } => {
                let mut diagnostic = Diagnostic::error(code::BUILD_BUILDER, format!("no builder applies to {names}"))
                    .label(*at, format!("image `{image}`"));
                for when in whens {
                    diagnostic = diagnostic.label(*when, "does not apply");
                }
                diagnostic.help("exactly one builder applies to each build: widen a `when`, or exclude the cells")
            }
            TwoBuilders { names, first, second } => {
                Diagnostic::error(code::BUILD_BUILDER, format!("two builders apply to {names}"))
                    .label(*second, "applies")
                    .label(*first, "applies as well")
                    .help("exactly one builder applies to each build: narrow a `when`; several platforms are an axis")
            }
            MissingOption { option, doc, kind, at } => {
                Diagnostic::error(code::OPTION_MISSING, format!("`{kind}` needs `{option}`"))
                    .label(*at, format!("lacks `{option}`"))
                    .help(format!("add `{option} = …`: {}", first_sentence(doc)))
            }
            MissingField { field, origin, at } => {
                let diagnostic =
                    Diagnostic::error(code::OPTION_MISSING, format!("the record lacks `{field}`")).label(*origin, "");
                let diagnostic = if origin == at { diagnostic } else { diagnostic.label(*at, "wanted by this option") };
                diagnostic.help(format!("add `{field} = …`"))
            }
            OutsideRange { shown, ty, help, option, origin, at } => refused(
                Diagnostic::error(code::VALUE_RANGE, format!("`{shown}` is outside of {ty}")),
                *origin,
                *at,
                option,
            )
            .help(help.clone()),
            NotWholeGib { bytes, option, origin, at } => {
                let (shown, below) = (describe::size(*bytes), bytes >> 30);
                let message = format!("`{option}` counts whole GiB, and {shown} is none");
                let above = below + 1;
                refused(Diagnostic::error(code::VALUE_SIZE, message), *origin, *at, option).help(match below {
                    0 => format!("write `{above}GiB`, the smallest"),
                    _ => format!("write `{below}GiB` or `{above}GiB`"),
                })
            }
            NoMatch { text, pattern, option, origin, at } => refused(
                Diagnostic::error(code::VALUE_PATTERN, format!("`{text}` does not match /{pattern}/")),
                *origin,
                *at,
                option,
            )
            .help(format!("the book's option reference says what `{option}` takes")),
            Domain { why, option, origin, at } => {
                let mut diagnostic = why.diagnostic(*origin);
                if origin != at {
                    diagnostic = diagnostic.label(*at, format!("`{option}` takes it"));
                }
                diagnostic
            }
            Template { diagnostic, option, at } => (**diagnostic).clone().label(*at, format!("`{option}` takes it")),
            NoFile { written, path, folder, at } => {
                let help = if written == path {
                    "paths are relative to the `.bake` file that holds the option".to_owned()
                } else {
                    format!("paths are relative to the `.bake` file that holds the option: this one is `{path}`")
                };
                let sort = if *folder { "folder" } else { "file" };
                Diagnostic::error(code::OPTION_FILE, format!("there is no {sort} `{written}`"))
                    .label(*at, "")
                    .help(help)
            }
            WrongSort { written, folder, at } => {
                let (is, wanted) = if *folder { ("folder", "file") } else { ("file", "folder") };
                Diagnostic::error(code::OPTION_FILE, format!("`{written}` is a {is}, expected a {wanted}"))
                    .label(*at, "")
            }
            NoKeyInFile { path, at } => Diagnostic::error(code::OPTION_FILE, format!("`{path}` holds no private key"))
                .label(*at, "")
                .help("name the private half, in PEM: it begins with `-----BEGIN … PRIVATE KEY-----`"),
            Rule { message, places, declared } => {
                let mut diagnostic = Diagnostic::error(code::OPTION_RULE, message.clone());
                for place in places {
                    diagnostic = diagnostic.label(*place, "");
                }
                match declared {
                    Some(rule) => diagnostic.label(*rule, "by this rule").help("change the options, or the rule"),
                    None => diagnostic,
                }
            }
            NotUnique { option, value, place, builds, at, other } => {
                let place = if place.is_empty() { String::new() } else { format!(" in {place}") };
                let diagnostic =
                    Diagnostic::error(code::BUILD_SAME_AMI, format!("two builds{place} have the `{option}` `{value}`"))
                        .label(*at, format!("by {} and {}", builds[0], builds[1]));
                let diagnostic = match other {
                    Some(other) => diagnostic.label(*other, format!("by {} first", builds[0])),
                    None => diagnostic,
                };
                diagnostic.help(
                    "the second would fail or replace the first: let the name use every axis that tells them apart",
                )
            }
            NoCell { image, cell, near, at } => {
                Diagnostic::error(code::IMAGE_CELL, format!("image `{image}` has no cell {cell}"))
                    .label(*at, "")
                    .help(near.clone().unwrap_or_else(|| "its axes do not hold this combination".into()))
            }
            ExcludedCell { image, cell, because, at, exclude } => {
                Diagnostic::error(code::IMAGE_CELL, format!("image `{image}` does not build {cell}"))
                    .label(*at, "excluded")
                    .label(*exclude, because.as_ref().map_or("by this exclude".to_owned(), |b| format!("because {b}")))
                    .help("index a cell that is built, or narrow the exclude")
            }
            NoAmi { build, kind, at, builder, option, known } => {
                let diagnostic = Diagnostic::error(code::IMAGE_NO_AMI, format!("build `{build}` makes no AMI"));
                let diagnostic = diagnostic.label(*at, "");
                match option {
                    Some((option, place)) => diagnostic
                        .label(*place, "says so")
                        .help(format!("remove `{option}`, or start from an AMI that is made")),
                    None => diagnostic.label(*builder, format!("`{kind}` makes none")).help(if *known {
                        format!("name an image whose builder makes one; a list of builds leaves it out by `if b.kind != \"{kind}\"`")
                    } else {
                        "where the kind does make AMIs, its `extern` says which option names them: `fact ami(…)`".into()
                    }),
                }
            }
            Circle { builds, at } => {
                let chain: Vec<String> = builds.iter().chain(builds.first()).map(|b| format!("`{b}`")).collect();
                Diagnostic::error(code::IMAGE_CYCLE, format!("builds start from each other: {}", chain.join(" → ")))
                    .label(*at, "closes the circle")
                    .help("one of them must start from an AMI that exists")
            }
            OtherRegion { parent, region, regions, at } => {
                Diagnostic::error(code::IMAGE_REGION, format!("the AMI of `{parent}` is not in {region}"))
                    .label(*at, "")
                    .help(format!(
                        "it is made in {}: add `{region}` to the parent's `ami_regions`, or build it there too",
                        regions.join(", ")
                    ))
            }
            Policy { policy, message, place, at } => {
                let diagnostic = Diagnostic::error(code::POLICY_BROKEN, message.clone());
                let diagnostic = match place {
                    Some(place) => diagnostic.label(*place, "").label(*at, format!("policy `{policy}`")),
                    None => diagnostic.label(*at, format!("policy `{policy}`")),
                };
                diagnostic.help("a policy holds for every build of the plan: mend the builds, or narrow it by `when`")
            }
            Undecided { policy, variable, at } => {
                let (needs, help) = match variable {
                    Some(variable) => (
                        format!("needs `{variable}`, which is known only when the plan runs"),
                        format!("declare `{variable}` as a `param`, which is known now; until then the policy stops no build"),
                    ),
                    None => (
                        "needs what is known only when the plan runs".to_owned(),
                        "require something that is known now, such as `!= null` or `matches /…/`; until then the policy stops no build"
                            .to_owned(),
                    ),
                };
                Diagnostic::warning(code::POLICY_UNDECIDED, format!("policy `{policy}` cannot be decided yet"))
                    .label(*at, needs)
                    .help(help)
            }
            SizeVariable { variable, option, at } => {
                let message = format!("Packer cannot read the size `{variable}` as `{option}`");
                Diagnostic::error(code::TYPE_UNFIT, message)
                    .label(*at, "a size that is known only when the plan runs")
                    .help(format!("declare `variable {variable}: int` and count in GiB, or make it a `param`"))
            }
            AmiDefault { variable, build, at } => {
                Diagnostic::error(code::TYPE_LATE, format!("the default of `{variable}` cannot be an AMI of this plan"))
                    .label(*at, format!("the AMI of build `{build}`"))
                    .help("index the image where the AMI is used, in the option itself")
            }
            SameOutput { file, first, at } => {
                Diagnostic::error(code::OUTPUT_FILE, format!("two outputs are written to `{file}`"))
                    .label(*at, "the second")
                    .label(*first, "the first")
                    .help("make them one record, or give the second another name")
            }
            SecretOutput { secret, at } => {
                Diagnostic::error(code::OUTPUT_FILE, format!("the secret `{secret}` would be written to a file"))
                    .label(*at, "an output is plain text on disk")
                    .help("leave it out: a secret is only for the options that need it")
            }
            OutputEnding { file, at } => {
                Diagnostic::error(code::OUTPUT_FILE, format!("an output cannot be written to `{file}`"))
                    .label(*at, "unknown ending")
                    .help("end the name in `.json`, `.tfvars` or `.tfvars.json`")
            }
            Lacks { option, field, at } => {
                let first = field.split(" or ").next().unwrap_or_default();
                Diagnostic::error(
                    code::OPTION_RULE,
                    format!("`{option}` lacks `{field}`, so it does nothing of the step"),
                )
                .label(*at, "")
                .help(format!("write `{{{{{first}}}}}` where it has its place"))
            }
            NoConnection { step, option, says, at } => Diagnostic::error(
                code::OPTION_RULE,
                format!("`{step}` works on a machine, and the build connects to none"),
            )
            .label(*at, "has no machine to work on")
            .label(*says, "connects to nothing")
            .help(format!(
                "remove `{option}` and say how the machine is reached; a step on this machine is a `shell-local`"
            )),
            NotTaken { step, maker, takes, made, at } => {
                let takes: Vec<String> = takes.iter().map(|kind| format!("`{kind}`")).collect();
                let message = format!("`{step}` cannot take what `{maker}` makes");
                Diagnostic::error(code::OPTION_RULE, message)
                    .label(*at, "")
                    .label(*made, "makes what comes to it")
                    .help(format!("it takes what {} made: put that before it in one chain, by `then`", or(&takes)))
            }
            OtherPartition { region, partition, home, home_partition, at, home_at } => {
                let message = format!("no AMI can be copied from {home} to {region}");
                Diagnostic::error(code::OPTION_RULE, message)
                    .label(*at, format!("lies in the partition `{partition}`"))
                    .label(*home_at, format!("lies in `{home_partition}`"))
                    .help("each partition of AWS has accounts of its own: make an image for each, built there")
            }
            Facts { code, message, labels, help } => {
                let mut diagnostic = Diagnostic::error(*code, message.clone());
                for (span, text) in labels {
                    diagnostic = diagnostic.label(*span, text.clone());
                }
                diagnostic.help(help.clone())
            }
        }
    }
}

/// A value that an option refused: shown where it was written, the option as second label.
fn refused(diagnostic: Diagnostic, origin: Span, at: Span, option: &str) -> Diagnostic {
    let diagnostic = diagnostic.label(origin, "");
    if origin == at { diagnostic } else { diagnostic.label(at, format!("`{option}` takes it")) }
}

fn first_sentence(doc: &str) -> &str {
    doc.lines().next().unwrap_or("").trim_end_matches('.')
}

/// `1000000` as `1,000,000`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `a`, `a or b`, `a, b or c`.
fn or(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

//! May an action stand in its option? The option's fields, build variables, and functions of the section of variables.

use super::ast::{Action, Block, Command, OperandKind, Piece};
use super::function::{BUILD_NAMES, Place, function};
use super::problem::TemplateProblem;

/// What an option offers to the actions in it.
#[derive(Clone, Copy, Default, Debug)]
pub struct Context<'c> {
    /// The run-time fields that the option may use, without the dot.
    pub fields: &'c [&'c str],
    /// Whether ``{{build `ID`}}`` is known: in provisioners and post-processors.
    pub build_vars: bool,
    /// Whether this is the default of a variable, which may read the environment and stores of secrets.
    pub variables: bool,
}

/// Checks the pieces of one text against the option that holds it.
pub fn check(pieces: &[Piece], context: &Context<'_>) -> Vec<TemplateProblem> {
    let mut problems = Vec::new();
    // Within `with` and `range` the dot is a value that is known only at run time.
    let mut open: Vec<Block> = Vec::new();
    for piece in pieces {
        let Piece::Action { action, .. } = piece else { continue };
        if let Action::End = action {
            open.pop();
        }
        if let Some(pipeline) = action.pipeline() {
            let rebound = open.iter().any(|block| *block != Block::If);
            pipeline.each_operand(&mut |operand| {
                let name = match &operand.kind {
                    OperandKind::Field(path) if !rebound => path.first(),
                    OperandKind::Variable { name, path } if name.is_empty() => path.first(),
                    _ => None,
                };
                let Some(name) = name.filter(|name| !context.fields.contains(&name.as_str())) else { return };
                problems.push(TemplateProblem::UnknownField {
                    name: name.clone(),
                    range: operand.range.clone(),
                    fields: context.fields.iter().map(|&f| f.to_owned()).collect(),
                });
            });
            pipeline.each_command(&mut |command, _| call(command, context, &mut problems));
        }
        if let Action::Open(block, _) = action {
            open.push(*block);
        }
    }
    problems
}

fn call(command: &Command, context: &Context<'_>, problems: &mut Vec<TemplateProblem>) {
    let OperandKind::Function(name) = &command.head.kind else { return };
    let Some(function) = function(name) else { return };
    match function.place {
        Place::Variables if !context.variables => {
            problems.push(TemplateProblem::OnlyInVariables { name: name.clone(), range: command.range.clone() });
        }
        Place::Build if !context.build_vars => problems.push(TemplateProblem::NoBuild { range: command.range.clone() }),
        Place::Build => {
            let Some(argument) = command.arguments.first() else { return };
            if let OperandKind::Text(name) = &argument.kind
                && !BUILD_NAMES.contains(&name.as_str())
            {
                problems.push(TemplateProblem::BuildName { name: name.clone(), range: argument.range.clone() });
            }
        }
        Place::Variables | Place::Everywhere => {}
    }
}

/// The variables of the plan that the action reads with ``{{user `name`}}``, in the order of their places.
pub fn user_variables(action: &Action) -> Vec<&str> {
    let mut names = Vec::new();
    if let Some(pipeline) = action.pipeline() {
        let mut before: Option<&str> = None;
        pipeline.each_command(&mut |command, piped| {
            let is_user = matches!(&command.head.kind, OperandKind::Function(name) if name == "user");
            match command.arguments.first().map(|a| &a.kind) {
                Some(OperandKind::Text(name)) if is_user => names.push(name.as_str()),
                None if is_user && piped => names.extend(before),
                _ => {}
            }
            before = match &command.head.kind {
                OperandKind::Text(text) => Some(text),
                _ => None,
            };
        });
    }
    names
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn problems(text: &str, context: Context<'_>) -> Vec<TemplateProblem> {
        let parsed = parse(text);
        assert_eq!(parsed.problems, []);
        check(&parsed.pieces, &context)
    }

    #[test]
    fn fields_are_those_of_the_option() {
        let context = Context { fields: &["KeyPath", "CertPath"], ..Context::default() };
        assert_eq!(problems("-k {{.KeyPath}} -c {{ .CertPath | printf `%s` }}", context), []);
        let fields = vec!["KeyPath".to_owned(), "CertPath".to_owned()];
        let wrong = TemplateProblem::UnknownField { name: "KeyPth".into(), range: 5..12, fields };
        assert_eq!(problems("-k {{.KeyPth}}", context), [wrong]);
        assert_eq!(problems("{{.X}}", Context::default()).len(), 1);
    }

    #[test]
    fn within_with_and_range_the_dot_is_another() {
        let context = Context { fields: &["A"], ..Context::default() };
        assert_eq!(problems("{{with .A}}{{.Own}}{{$.A}}{{end}}{{.A}}", context), []);
        assert_eq!(problems("{{with .A}}{{$.B}}{{end}}{{if .A}}{{.C}}{{end}}", context).len(), 2);
        assert_eq!(problems("{{with .A}}{{end}}{{.B}}", context).len(), 1);
    }

    #[test]
    fn functions_know_their_places() {
        let variables = Context { variables: true, ..Context::default() };
        assert_eq!(problems("{{env `HOME`}}{{vault `a` `b`}}", variables), []);
        let wrong = TemplateProblem::OnlyInVariables { name: "env".into(), range: 2..12 };
        assert_eq!(problems("{{env `HOME`}}", Context::default()), [wrong]);
        assert_eq!(problems("{{build `ID`}}", Context::default()), [TemplateProblem::NoBuild { range: 2..12 }]);
        let build = Context { build_vars: true, ..Context::default() };
        assert_eq!(problems("{{build `ID`}}{{build `SourceAMI`}}", build), []);
        let wrong = TemplateProblem::BuildName { name: "Hots".into(), range: 8..14 };
        assert_eq!(problems("{{build `Hots`}}", build), [wrong]);
    }

    #[test]
    fn the_variables_that_an_action_reads() {
        let parsed = parse("{{user `a` | printf `%s%s` (user \"b\")}}{{`c` | user}}{{.X}}");
        let names: Vec<&str> = parsed
            .pieces
            .iter()
            .filter_map(|p| match p {
                Piece::Action { action, .. } => Some(action),
                Piece::Text(_) => None,
            })
            .flat_map(user_variables)
            .collect();
        assert_eq!(names, ["a", "b", "c"]);
    }
}

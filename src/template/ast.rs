//! The tree of a parsed text: pieces of plain text and actions. All ranges are byte offsets into the parsed text.

use std::ops::Range;

/// Deeper parentheses than these are refused, so that neither reading nor walking an action can exhaust the stack.
pub const DEPTH_LIMIT: usize = 32;

/// A stretch of plain text, or an action with its braces. The pieces of a text follow each other without gaps.
#[derive(Clone, PartialEq, Debug)]
pub enum Piece {
    /// Text that is printed as it stands.
    Text(Range<usize>),
    /// `{{…}}`.
    Action {
        /// With the braces.
        range: Range<usize>,
        /// `{{- ` takes the white space before it away.
        trims_before: bool,
        /// ` -}}` takes the white space behind it away.
        trims_after: bool,
        /// What stands between the braces.
        action: Action,
    },
}

impl Piece {
    /// The stretch of text that the piece covers.
    pub fn range(&self) -> Range<usize> {
        match self {
            Piece::Text(range) | Piece::Action { range, .. } => range.clone(),
        }
    }
}

/// What stands between the braces.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// `{{/* … */}}`.
    Comment,
    /// `{{isotime | clean_resource_name}}`: its value is printed.
    Print(Pipeline),
    /// `{{if .X}}`, `{{with .X}}`, `{{range .X}}`.
    Open(Block, Pipeline),
    /// `{{else}}`, and `{{else if .X}}` with the condition.
    Else(Option<(Block, Pipeline)>),
    /// `{{end}}`.
    End,
    /// `{{break}}` or `{{continue}}`.
    Leave,
    /// An action that could not be read; a problem says why.
    Broken,
}

impl Action {
    /// The pipeline that the action evaluates, if it does.
    pub fn pipeline(&self) -> Option<&Pipeline> {
        match self {
            Action::Print(pipeline) | Action::Open(_, pipeline) | Action::Else(Some((_, pipeline))) => Some(pipeline),
            Action::Comment | Action::Else(None) | Action::End | Action::Leave | Action::Broken => None,
        }
    }
}

/// The control actions that `{{end}}` closes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Block {
    /// `if`
    If,
    /// `with`: the value becomes the dot.
    With,
    /// `range`: each element becomes the dot.
    Range,
}

impl Block {
    /// The keyword.
    pub fn word(self) -> &'static str {
        match self {
            Block::If => "if",
            Block::With => "with",
            Block::Range => "range",
        }
    }
}

/// Commands joined by `|`: the value of one is the last argument of the next.
#[derive(Clone, PartialEq, Debug)]
pub struct Pipeline {
    /// The variables that `$x :=` declares or `$x =` sets, without `$`.
    pub variables: Vec<String>,
    /// Whether the variables are declared here.
    pub declares: bool,
    /// At least one.
    pub commands: Vec<Command>,
    /// From the first variable or command to the last one.
    pub range: Range<usize>,
}

/// An operand, and the arguments that a function gets.
#[derive(Clone, PartialEq, Debug)]
pub struct Command {
    /// A function, or a value on its own.
    pub head: Operand,
    /// The arguments, without the value that comes by `|`.
    pub arguments: Vec<Operand>,
    /// From the head to the last argument.
    pub range: Range<usize>,
}

/// A value or the name of a function.
#[derive(Clone, PartialEq, Debug)]
pub struct Operand {
    /// Which it is.
    pub kind: OperandKind,
    /// Where it stands.
    pub range: Range<usize>,
}

/// The kinds of operands.
#[derive(Clone, PartialEq, Debug)]
pub enum OperandKind {
    /// `isotime`
    Function(String),
    /// `.KeyPath`, as its names.
    Field(Vec<String>),
    /// `.`
    Dot,
    /// `$x.Name`; the variable's name is empty for `$`, the fields of the whole text.
    Variable {
        /// Without `$`.
        name: String,
        /// The fields behind it.
        path: Vec<String>,
    },
    /// A text in double quotes or backticks, decoded.
    Text(String),
    /// `'x'`
    Character(char),
    /// A number as written.
    Number(String),
    /// `true` or `false`
    Truth(bool),
    /// `nil`
    Nil,
    /// `( … )`, and the fields taken of its value.
    Group {
        /// Between the parentheses.
        pipeline: Box<Pipeline>,
        /// The fields behind them.
        path: Vec<String>,
    },
}

impl Pipeline {
    /// Calls `visit` for every command, also those in parentheses, outer ones first. The flag says whether a value comes in by `|`.
    pub fn each_command<'a>(&'a self, visit: &mut dyn FnMut(&'a Command, bool)) {
        for (index, command) in self.commands.iter().enumerate() {
            visit(command, index > 0);
            for operand in std::iter::once(&command.head).chain(&command.arguments) {
                if let OperandKind::Group { pipeline, .. } = &operand.kind {
                    pipeline.each_command(visit);
                }
            }
        }
    }

    /// Calls `visit` for every operand, also those in parentheses.
    pub fn each_operand<'a>(&'a self, visit: &mut dyn FnMut(&'a Operand)) {
        self.each_command(&mut |command, _| {
            visit(&command.head);
            command.arguments.iter().for_each(&mut *visit);
        });
    }
}

//! What an expression is worth, build by build: for editors, which show it where it is pointed at.
//!
//! It evaluates nothing in another way than the plan does; it asks at the cells of the builds.

use indexmap::IndexMap;
use smol_str::SmolStr;

use super::Evaluator;
use super::frame::{Frame, Place};
use super::value::{Data, Part, Text, Value};
use crate::resolve::hir::{Block, Entry, Expr, Image, MatrixStep, Step};
use crate::resolve::walk;
use crate::text::Span;

/// Builds beyond these are not asked.
const MOST_BUILDS: usize = 2_000;
/// Longer values lose their end, in characters.
const LONGEST: usize = 200;

/// The values of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The different values in the order of the builds, as the language writes them, each with the builds that have it. A value
    /// that belongs to no build has none.
    pub values: Vec<(String, Vec<SmolStr>)>,
    /// How many builds were asked: the first ones.
    pub asked: usize,
    /// How many builds there are.
    pub builds: usize,
}

impl<'a> Evaluator<'a> {
    /// Finds the cells of the builds and their names, which is all of the plan that an answer needs.
    pub(super) fn name_builds(&self) {
        if let Some(table) = self.tabulate(self.images_of_plan()) {
            let _ = self.table_of_builds.set(table);
        }
    }

    /// The values of the expression at a place: one of an image's, or of a `let` at the top of a file. None where it has none
    /// that could be shown, as inside a loop.
    pub(super) fn answer(&self, at: Span) -> Option<Answer> {
        // What is found out here is nothing that the plan needs.
        self.idle();
        let program = self.program();
        for (index, image) in program.images.iter().enumerate() {
            if let Some(expr) = find(each_of_image(image), at) {
                return self.answer_of_builds(index, expr);
            }
        }
        let lets = program.lets.iter().map(|l| &l.value);
        let expr = find(lets.chain(program.params.iter().filter_map(|p| p.default.as_ref())), at)?;
        let value = self.eval(expr, &mut Frame::closed(true)).ok().filter(says_something)?;
        Some(Answer { values: vec![(self.shown(&value), Vec::new())], asked: 0, builds: 0 })
    }

    fn answer_of_builds(&self, image: usize, expr: &Expr) -> Option<Answer> {
        let columns = self.images[image].image.columns.len() as u32;
        let table = self.table_of_builds.get()?;
        let builds: Vec<_> = table.builds.iter().filter(|b| b.cell.image as usize == image).collect();
        let asked = builds.len().min(MOST_BUILDS);
        let mut values: IndexMap<String, Vec<SmolStr>> = IndexMap::new();
        for build in &builds[..asked] {
            let place = Place { image, site: 0, cell: build.cell.cell as usize, columns };
            let Some(value) = self.eval(expr, &mut Frame::at(place)).ok().filter(says_something) else { continue };
            values.entry(self.shown(&value)).or_default().push(build.name.clone());
        }
        let answer = Answer { values: values.into_iter().collect(), asked, builds: builds.len() };
        (!answer.values.is_empty()).then_some(answer)
    }

    /// A value as the language writes it; what the plan leaves open by its name.
    fn shown(&self, value: &Value) -> String {
        let mut text = String::new();
        self.show(value, &mut text);
        match text.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{} …", &text[..end]),
            None => text,
        }
    }

    fn show(&self, value: &Value, out: &mut String) {
        if out.len() > 4 * LONGEST {
            return;
        }
        let program = self.program();
        let variable = |index: usize| program.variables.get(index).map_or("", |v| v.name.name.as_str());
        match &value.data {
            Data::Null => out.push_str("null"),
            Data::Variable(index) => out.push_str(variable(*index)),
            Data::Text(Text::Plain(text)) => {
                out.push('"');
                show_chars(text, out);
                out.push('"');
            }
            Data::Text(Text::Parts(parts)) => {
                out.push('"');
                for part in parts.iter() {
                    match part {
                        Part::Chars(chars) => show_chars(chars, out),
                        Part::Action(action) => out.push_str(&action.source),
                        Part::Variable(index) => out.push_str(&format!("${{{}}}", variable(*index))),
                        Part::Ami(cell, _) => {
                            let image = program.images.get(cell.image as usize);
                            out.push_str(&format!("${{{}[…]}}", image.map_or("", |i| i.name.name.as_str())));
                        }
                    }
                }
                out.push('"');
            }
            Data::List(list) => {
                out.push('[');
                for (position, element) in list.iter().enumerate() {
                    out.push_str(if position > 0 { ", " } else { "" });
                    self.show(element, out);
                }
                out.push(']');
            }
            Data::Record(record) => {
                out.push('{');
                for (position, (name, field)) in record.iter().enumerate() {
                    out.push_str(if position > 0 { ", " } else { " " });
                    out.push_str(&format!("{name} = "));
                    self.show(&field.value, out);
                }
                out.push_str(if record.is_empty() { "}" } else { " }" });
            }
            Data::Table(_) | Data::Image(_) | Data::Build(_) | Data::Unknown => {}
            Data::Bool(_) | Data::Int(_) | Data::Number(_) | Data::Duration(_) | Data::Size(_) => {
                out.push_str(&value.display().unwrap_or_default());
            }
        }
    }
}

/// Text between quotes, as far as anybody looks.
fn show_chars(text: &str, out: &mut String) {
    let end = text.char_indices().nth(LONGEST + 1).map_or(text.len(), |(end, _)| end);
    let quoted = format!("{:?}", &text[..end]);
    out.push_str(&quoted[1..quoted.len() - 1]);
}

/// Whether a value can be written down: a table or an image is its name.
fn says_something(value: &Value) -> bool {
    !matches!(value.data, Data::Table(_) | Data::Image(_) | Data::Build(_) | Data::Unknown)
}

/// The expressions that an image is written with; not those of its groups.
fn each_of_image(image: &Image) -> impl Iterator<Item = &Expr> {
    let matrix = image.matrix.iter().map(|step| match step {
        MatrixStep::Axis(axis) => &axis.source,
        MatrixStep::Let { value, .. } => value,
        MatrixStep::Exclude(exclude) => &exclude.when,
    });
    let steps = image.steps.iter().filter_map(|step| if let Step::Block(block) = step { Some(block) } else { None });
    let blocks = image.builders.iter().chain(steps).chain(image.posts.iter().flat_map(|post| &post.links));
    let whens = image.posts.iter().filter_map(|post| post.when.as_ref());
    let uses = image.steps.iter().filter_map(|step| if let Step::Use(r#use) = step { Some(r#use) } else { None });
    let arguments = uses.flat_map(|u| u.args.iter().flatten().chain(&u.when));
    matrix.chain(&image.name_value).chain(blocks.flat_map(each_of_block)).chain(whens).chain(arguments)
}

fn each_of_block(block: &Block) -> impl Iterator<Item = &Expr> {
    let values = block.body.iter().map(|entry| match entry {
        Entry::Field { value, .. } | Entry::Spread { value, .. } => value,
    });
    block.when.iter().chain(values)
}

/// The expression at a place, among some and all that stands inside them.
fn find<'e>(among: impl Iterator<Item = &'e Expr>, at: Span) -> Option<&'e Expr> {
    among.filter(|expr| expr.span.file == at.file).find_map(|expr| walk::find(expr, at))
}

//! What expressions see of images and builds: AMIs by index, the fields of a build, specimens of late texts.

use std::sync::Arc;

use smol_str::SmolStr;

use super::Evaluator;
use super::expr::Outcome;
use super::frame::Frame;
use super::problem::{EvalProblem, Stop};
use super::value::{CellRef, Data, Field, Part, Record, Text, Value};
use crate::plan::Scalar;
use crate::resolve::fact::FactName;
use crate::resolve::hir::{Ident, MatrixStep};
use crate::template;
use crate::text::suggest::nearest;
use crate::text::{FileId, Span};
use crate::ty::Ty;

/// A longer text, in bytes, is not rendered to be looked at.
const LONGEST_SPECIMEN: usize = 1 << 20;

impl Evaluator<'_> {
    /// An image as a value: the AMI of its one build where it has no axes.
    pub(super) fn image_value(&self, index: usize, origin: Span) -> Outcome {
        let has_axes = self.images[index].image.matrix.iter().any(|s| matches!(s, MatrixStep::Axis(_)));
        if has_axes {
            return Ok(Value::new(Data::Image(index), origin));
        }
        Ok(ami(CellRef { image: index as u32, cell: 0 }, None, origin))
    }

    /// `image[…]`: the AMI of the cell of these coordinates.
    pub(super) fn image_cell(&self, image: usize, args: &[(Option<&Ident>, Value)], origin: Span) -> Outcome {
        let names = self.coordinate_names(image);
        let mut coordinates: Vec<Option<Scalar>> = vec![None; names.len()];
        for (position, (name, value)) in args.iter().enumerate() {
            let slot = match name {
                Some(name) => names.iter().position(|n| *n == name.name),
                None => Some(position),
            };
            let Some(slot) = slot.and_then(|s| coordinates.get_mut(s)) else { return Err(Stop::Poison) };
            *slot = value.scalar();
        }
        let Some(coordinates) = coordinates.into_iter().collect::<Option<Vec<Scalar>>>() else {
            return Err(Stop::Poison);
        };
        let cells = &self.images[image];
        let name = cells.image.name.name.clone();
        let shown = || names.iter().zip(&coordinates).map(|(n, c)| format!("{n} = {c}")).collect::<Vec<_>>().join(", ");
        let Some(cell) = cells.find(&coordinates) else {
            let near = self.nearest_value(image, &names, &coordinates);
            return Err(EvalProblem::NoCell { image: name, cell: shown(), near, at: origin }.into());
        };
        if let Some(step) = cells.excluded.borrow()[cell as usize]
            && let MatrixStep::Exclude(exclude) = &cells.image.matrix[step as usize]
        {
            let because = exclude.because.clone();
            return Err(EvalProblem::ExcludedCell {
                image: name,
                cell: shown(),
                because,
                at: origin,
                exclude: exclude.span,
            }
            .into());
        }
        Ok(ami(CellRef { image: image as u32, cell }, None, origin))
    }

    /// The first coordinate that its axis does not hold, with the nearest that it does.
    fn nearest_value(&self, image: usize, names: &[SmolStr], wanted: &[Scalar]) -> Option<String> {
        let cells = &self.images[image];
        for (position, scalar) in wanted.iter().enumerate() {
            let mut known: Vec<String> =
                (0..cells.count.get()).map(|c| cells.scalars(c)[position].to_string()).collect();
            known.sort();
            known.dedup();
            let text = scalar.to_string();
            if known.contains(&text) {
                continue;
            }
            return Some(match nearest(&text, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean {} = {near}?", names[position]),
                None => format!("axis `{}` holds {}", names[position], listed(&known)),
            });
        }
        None
    }

    /// `table[…]`: the row of a key.
    pub(super) fn table_row(
        &self,
        index: usize,
        args: &[(Option<&Ident>, Value)],
        origin: Span,
        frame: &Frame,
    ) -> Outcome {
        let ty = &self.program().tables[index].ty;
        // A key that names no column has been reported.
        if ty.key.iter().any(|k| ty.columns.get_index(*k).is_some_and(|(_, ty)| *ty == Ty::Poison)) {
            return Err(Stop::Poison);
        }
        let keys: Vec<&SmolStr> = ty.key.iter().filter_map(|k| ty.columns.get_index(*k).map(|(n, _)| n)).collect();
        let mut wanted: Vec<Option<Scalar>> = vec![None; keys.len()];
        for (position, (name, value)) in args.iter().enumerate() {
            let slot = match name {
                Some(name) => keys.iter().position(|k| **k == name.name),
                None => Some(position),
            };
            let Some(slot) = slot.and_then(|s| wanted.get_mut(s)) else { return Err(Stop::Poison) };
            *slot = value.scalar();
        }
        let Some(wanted) = wanted.into_iter().collect::<Option<Vec<Scalar>>>() else {
            return self.stuck(&Data::Unknown, frame, origin);
        };
        let table = self.table(index);
        if let Some(row) = table.by_key.get(&wanted) {
            return Ok(table.rows[*row].clone());
        }
        self.spend(10 * table.by_key.len(), origin)?;
        let shown = |key: &[Scalar]| key.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let mut known: Vec<String> = table.by_key.keys().map(|k| shown(k)).collect();
        known.sort();
        let key = shown(&wanted);
        let near = nearest(&key, known.iter().map(String::as_str)).map(SmolStr::from);
        let declared = self.program().tables[index].name.span;
        Err(EvalProblem::NoRow { table: ty.name.clone(), key: key.into(), near, at: origin, declared }.into())
    }

    /// `b.name` and so on, where `b` is a build.
    pub(super) fn build_field(&self, cell: CellRef, name: &str, at: Span) -> Outcome {
        Ok(match name {
            "name" => Value::text(self.name_of(cell), at),
            "image" => Value::text(self.images[cell.image as usize].image.name.name.clone(), at),
            "ami" => ami(cell, None, at),
            "axes" => {
                let names = self.coordinate_names(cell.image as usize);
                let scalars = self.images[cell.image as usize].scalars(cell.cell as usize);
                let mut record = Record::default();
                for (name, scalar) in names.into_iter().zip(scalars) {
                    let data = match scalar {
                        Scalar::Bool(b) => Data::Bool(b),
                        Scalar::Int(i) => Data::Int(i),
                        Scalar::Text(t) => Data::Text(Text::Plain(t)),
                    };
                    record.insert(name, Field { key: at, value: Value::new(data, at) });
                }
                Value::new(Data::Record(Arc::new(record)), at)
            }
            "kind" => match self.builder_of(cell) {
                Some(block) => Value::text(block.kind_name.name.clone(), at),
                None => return Err(Stop::Poison),
            },
            "region" => self.role(cell, FactName::Placed).unwrap_or(Value::new(Data::Null, at)),
            "options" => match self.options_of(cell) {
                Some(options) => {
                    let record: Record = options
                        .iter()
                        .map(|(n, f)| (n.clone(), Field { key: f.key, value: f.value.clone() }))
                        .collect();
                    Value::new(Data::Record(Arc::new(record)), at)
                }
                None => return Err(Stop::Poison),
            },
            "amis" => {
                let mut record = Record::default();
                for region in self.regions_of(cell) {
                    record.insert(region.clone(), Field { key: at, value: ami(cell, Some(region), at) });
                }
                Value::new(Data::Record(Arc::new(record)), at)
            }
            _ => return Err(Stop::Poison),
        })
    }

    /// The regions that a build's AMI ends up in: its own first, then those it is copied to. None where it makes no AMI.
    pub(super) fn regions_of(&self, cell: CellRef) -> Vec<SmolStr> {
        if self.no_ami(cell, Span::file_start(FileId(0))).is_some() {
            return Vec::new();
        }
        let mut regions: Vec<SmolStr> =
            self.role(cell, FactName::Placed).and_then(|v| v.as_text().cloned()).into_iter().collect();
        if let Some(Value { data: Data::List(list), .. }) = self.role(cell, FactName::Copied) {
            for region in list.iter().filter_map(Value::as_text) {
                if !regions.contains(region) {
                    regions.push(region.clone());
                }
            }
        }
        regions
    }

    /// All builds of the plan as a list.
    pub(super) fn all_builds(&self, origin: Span) -> Outcome {
        let Some(table) = self.table_of_builds.get() else { return Err(Stop::Poison) };
        Ok(Value::list(table.builds.iter().map(|b| Value::new(Data::Build(b.cell), origin)).collect(), origin))
    }

    /// The builds of an image; none while matrices are made, of which they come.
    pub(super) fn builds_of(&self, image: u32) -> Option<Vec<CellRef>> {
        let table = self.table_of_builds.get()?;
        Some(table.builds.iter().filter(|b| b.cell.image == image).map(|b| b.cell).collect())
    }

    /// The name of a cell's build; empty for a cell that has none.
    pub(super) fn name_of(&self, cell: CellRef) -> SmolStr {
        let table = self.table_of_builds.get();
        table.and_then(|t| t.of(cell).map(|b| t.builds[b as usize].name.clone())).unwrap_or_default()
    }

    /// A late text rendered for a fixed moment, variables by their defaults; none where it cannot be.
    pub(super) fn specimen(&self, value: &Value) -> Option<SmolStr> {
        match &value.data {
            Data::Text(Text::Plain(text)) => Some(text.clone()),
            Data::Text(Text::Parts(parts)) => {
                let mut text = String::new();
                for part in parts.iter() {
                    // One variable may stand here ten thousand times.
                    if text.len() > LONGEST_SPECIMEN {
                        return None;
                    }
                    match part {
                        Part::Chars(chars) => text.push_str(chars),
                        Part::Action(action) => {
                            let lookup = |name: &str| {
                                let index = self.program().variable_names.get(name)?;
                                self.variable_default(*index).map(|t| t.to_string())
                            };
                            text.push_str(&template::specimen(&action.action, &lookup)?);
                        }
                        Part::Variable(index) => text.push_str(&self.variable_default(*index)?),
                        Part::Ami(..) => text.push_str("ami-0123456789abcdef0"),
                    }
                }
                Some(text.into())
            }
            Data::Variable(index) => self.variable_default(*index),
            _ => None,
        }
    }
}

/// The AMI of a cell as a value.
fn ami(cell: CellRef, region: Option<SmolStr>, origin: Span) -> Value {
    Value::new(Data::Text(Text::Parts([Part::Ami(cell, region)].into())), origin)
}

/// A few of many.
pub(super) fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(5).map(|n| format!("`{n}`")).collect();
    let list = shown.join(", ");
    if names.len() > 5 { format!("{list} and {} more", names.len() - 5) } else { list }
}

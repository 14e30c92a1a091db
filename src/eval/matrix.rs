//! Expands a matrix: axes multiply the cells, lets give them values, excludes leave some out.

use std::collections::hash_map::Entry;

use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap};
use smol_str::SmolStr;

use super::Evaluator;
use super::cells::{AxisData, ColumnSource, MAX_AXES, Mask};
use super::frame::{Frame, Place};
use super::problem::{EvalProblem, Stop};
use super::value::{Data, Value};
use crate::plan::Scalar;
use crate::resolve::hir::{Axis, Exclude, MatrixStep};

impl<'a> Evaluator<'a> {
    /// Expands the matrix of an image. False where it cannot be expanded; why has been reported.
    pub(super) fn expand(&self, image: usize) -> bool {
        let cells = &self.images[image];
        let mut bound = 0;
        for (index, step) in cells.image.matrix.iter().enumerate() {
            let done = match step {
                MatrixStep::Axis(axis) => self.axis(image, axis, bound),
                MatrixStep::Let { value, .. } => {
                    let mask = self.mask(value, image, 0, bound);
                    let memo = cells.add_memo(mask);
                    cells.columns.borrow_mut().push(ColumnSource::Let { value, memo });
                    Ok(())
                }
                MatrixStep::Exclude(exclude) => self.exclude(image, exclude, index as u32, bound),
            };
            if let Err(stop) = done {
                self.stopped(&stop);
                return false;
            }
            bound = cells.columns.borrow().len() as u32;
        }
        true
    }

    /// Multiplies an axis in.
    fn axis(&self, image: usize, axis: &'a Axis, bound: u32) -> Result<(), Stop> {
        let cells = &self.images[image];
        let number = cells.axes.borrow().len();
        if number == MAX_AXES {
            return Err(EvalProblem::TooManyAxes { at: axis.span }.into());
        }
        let mask = self.mask(&axis.source, image, 0, bound);
        let mut data = AxisData::default();
        let mut known: FxHashMap<Vec<Scalar>, u32> = FxHashMap::default();
        // The ids that the axis has in each class of the cells so far.
        let mut ids_of: FxHashMap<usize, Vec<u32>> = FxHashMap::default();
        let mut total = 0usize;
        for cell in 0..cells.count.get() {
            let class = cells.class(mask, cell);
            if let Entry::Vacant(vacant) = ids_of.entry(class) {
                let mut frame = Frame::at(Place { image, site: 0, cell, columns: bound });
                let source = match self.eval(&axis.source, &mut frame) {
                    // A cell that is left out already need not make sense any further.
                    Err(_) if cells.excluded.borrow()[cell].is_some() => Value::list(Vec::new(), axis.span),
                    other => other?,
                };
                vacant.insert(self.axis_values(axis, &source, &mut data, &mut known)?);
            }
            total += ids_of[&class].len();
            if total > self.inputs.max_builds {
                return Err(self.too_many(image, axis, &ids_of));
            }
        }
        self.allow_cells(total);
        let old = cells.coordinates.borrow();
        let excluded = cells.excluded.borrow();
        let mut coordinates = Vec::with_capacity(total * (number + 1));
        let mut still_excluded = Vec::with_capacity(total);
        for cell in 0..cells.count.get() {
            for id in &ids_of[&cells.class(mask, cell)] {
                coordinates.extend_from_slice(&old[cell * number..(cell + 1) * number]);
                coordinates.push(*id);
                still_excluded.push(excluded[cell]);
            }
        }
        drop((old, excluded));
        cells.axes.borrow_mut().push(data);
        for position in 0..axis.locals.len() {
            cells.columns.borrow_mut().push(ColumnSource::Axis { axis: number, position });
        }
        cells.replace(coordinates, still_excluded);
        Ok(())
    }

    fn too_many(&self, image: usize, axis: &Axis, ids_of: &FxHashMap<usize, Vec<u32>>) -> Stop {
        let cells = &self.images[image];
        let widest = ids_of.values().map(Vec::len).max().unwrap_or(0);
        let at_most = cells.count.get().saturating_mul(widest);
        EvalProblem::TooManyBuilds { cells: at_most, limit: self.inputs.max_builds, at: axis.span }.into()
    }

    /// The ids of the values that an axis runs over, new values added to its data.
    fn axis_values(
        &self,
        axis: &Axis,
        source: &Value,
        data: &mut AxisData,
        known: &mut FxHashMap<Vec<Scalar>, u32>,
    ) -> Result<Vec<u32>, Stop> {
        let rows: Vec<Value> = match &source.data {
            Data::List(list) => list.to_vec(),
            Data::Table(index) => self.table(*index).rows.clone(),
            _ => return Err(Stop::Poison),
        };
        let mut ids: IndexSet<u32, FxBuildHasher> = IndexSet::default();
        for row in rows {
            let tuple = if axis.columns {
                let Data::Record(record) = &row.data else { return Err(Stop::Poison) };
                let null = |origin| Value::new(Data::Null, origin);
                axis.names.iter().map(|n| record.get(&n.name).map_or(null(row.origin), |f| f.value.clone())).collect()
            } else {
                vec![row.clone()]
            };
            let coordinates = self.coordinates_of(axis, source, &tuple);
            let Some(coordinates) = coordinates else { return Err(Stop::Poison) };
            if let Some(&id) = known.get(&coordinates) {
                if ids.contains(&id) && !(axis.columns && matches!(source.data, Data::Table(_))) {
                    let value = coordinates.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                    return Err(
                        EvalProblem::SameAxisValue { value: value.into(), at: row.origin, axis: axis.span }.into()
                    );
                }
                ids.insert(id);
                continue;
            }
            let id = data.tuples.len() as u32;
            known.insert(coordinates.clone(), id);
            data.tuples.push(tuple);
            data.scalars.push(coordinates);
            ids.insert(id);
        }
        Ok(ids.into_iter().collect())
    }

    /// The coordinates of a value: all of it, or the key columns where columns of a table are bound.
    fn coordinates_of(&self, axis: &Axis, source: &Value, tuple: &[Value]) -> Option<Vec<Scalar>> {
        let keys = self.key_positions(axis, source);
        keys.iter().map(|k| tuple[*k].scalar()).collect()
    }

    /// Which of an axis' names are coordinates.
    fn key_positions(&self, axis: &Axis, source: &Value) -> Vec<usize> {
        let all: Vec<usize> = (0..axis.names.len()).collect();
        let Data::Table(index) = source.data else { return all };
        let ty = &self.program().tables[index].ty;
        let key: Vec<&SmolStr> = ty.key.iter().filter_map(|k| ty.columns.get_index(*k).map(|(n, _)| n)).collect();
        let bound: Vec<usize> = all.iter().copied().filter(|i| key.contains(&&axis.names[*i].name)).collect();
        if bound.len() == key.len() && !key.is_empty() { bound } else { all }
    }

    /// The names of an image's coordinates, in order.
    pub(super) fn coordinate_names(&self, image: usize) -> Vec<SmolStr> {
        let mut names = Vec::new();
        for step in &self.images[image].image.matrix {
            if let MatrixStep::Axis(axis) = step {
                let source = match axis.source.kind {
                    crate::resolve::hir::ExprKind::Table(t) if axis.columns => Value::new(Data::Table(t), axis.span),
                    _ => Value::new(Data::Null, axis.span),
                };
                names.extend(self.key_positions(axis, &source).into_iter().map(|p| axis.names[p].name.clone()));
            }
        }
        names
    }

    /// Judges an `exclude` against all cells at its place.
    fn exclude(&self, image: usize, exclude: &'a Exclude, step: u32, bound: u32) -> Result<(), Stop> {
        let cells = &self.images[image];
        let mask: Mask = self.mask(&exclude.when, image, 0, bound);
        self.spend(cells.count.get() / 8, exclude.span)?;
        let mut verdicts: FxHashMap<usize, bool> = FxHashMap::default();
        let mut matched = false;
        for cell in 0..cells.count.get() {
            let class = cells.class(mask, cell);
            let verdict = match verdicts.get(&class) {
                Some(verdict) => *verdict,
                None => {
                    let mut frame = Frame::at(Place { image, site: 0, cell, columns: bound });
                    match self.truth(&exclude.when, &mut frame) {
                        Ok(truth) => {
                            verdicts.insert(class, truth == Some(true));
                            truth == Some(true)
                        }
                        // What an earlier exclude has left out may lack what this one asks for.
                        Err(_) if cells.excluded.borrow()[cell].is_some() => continue,
                        Err(stop) => return Err(stop),
                    }
                }
            };
            if verdict {
                matched = true;
                cells.excluded.borrow_mut()[cell].get_or_insert(step);
            }
        }
        // Other params may give it something to exclude.
        if !matched && cells.count.get() > 0 && !self.reads_param(&exclude.when, image) {
            self.warn(EvalProblem::IdleExclude { at: exclude.span });
        }
        Ok(())
    }
}

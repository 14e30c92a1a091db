//! Builds: which cells remain, what they are called, which builder each has.

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::Evaluator;
use super::frame::{Frame, Place};
use super::problem::{EvalProblem, Stop};
use super::touched::Touched;
use super::value::{CellRef, Data};
use crate::text::Span;

/// All builds of the plan.
#[derive(Debug, Default)]
pub(super) struct BuildTable {
    /// In the order of images and cells.
    pub(super) builds: Vec<BuildEntry>,
    /// The images of the plan, by their index in the program, in the order of the plan.
    pub(super) images: Vec<usize>,
    /// Builds by cell; `None` for cells that are left out.
    by_cell: FxHashMap<u32, Vec<Option<u32>>>,
}

/// One build before its options are known.
#[derive(Debug)]
pub(super) struct BuildEntry {
    pub(super) cell: CellRef,
    pub(super) name: SmolStr,
}

impl BuildTable {
    /// The index of a cell's build.
    pub(super) fn of(&self, cell: CellRef) -> Option<u32> {
        self.by_cell.get(&cell.image)?.get(cell.cell as usize).copied().flatten()
    }

    /// Describes builds by their indices, ascending.
    pub(super) fn describe(&self, builds: &[u32]) -> Touched {
        let first =
            builds.first().and_then(|b| self.builds.get(*b as usize)).map(|b| b.name.clone()).unwrap_or_default();
        Touched { count: builds.len(), all: self.builds.len(), first }
    }
}

impl<'a> Evaluator<'a> {
    /// Names all cells of these images that are not left out, and finds their builders. `None` where matrices fail.
    pub(super) fn tabulate(&self, images: Vec<usize>) -> Option<BuildTable> {
        // All matrices first, so that one file shows all its mistakes.
        let expanded: Vec<bool> = images.iter().map(|image| self.expand(*image)).collect();
        if expanded.contains(&false) {
            return None;
        }
        let mut table = BuildTable { images, ..BuildTable::default() };
        for image in table.images.clone() {
            let cells = &self.images[image];
            if let (true, Some(at)) = (cells.excluded.borrow().iter().all(Option::is_some), cells.image.matrix_span) {
                self.warn(EvalProblem::NoBuilds { image: cells.image.name.name.clone(), at });
            }
            let mut by_cell = vec![None; cells.count.get()];
            for (cell, slot) in by_cell.iter_mut().enumerate() {
                if cells.excluded.borrow()[cell].is_some() {
                    continue;
                }
                let name = match self.build_name(image, cell) {
                    Ok(name) => name,
                    Err(Stop::Poison) => {
                        self.stopped(&Stop::Poison);
                        SmolStr::default()
                    }
                    Err(stop) => {
                        self.stopped(&stop);
                        return None;
                    }
                };
                *slot = Some(table.builds.len() as u32);
                table.builds.push(BuildEntry { cell: CellRef { image: image as u32, cell: cell as u32 }, name });
            }
            table.by_cell.insert(image as u32, by_cell);
        }
        if table.builds.len() > self.inputs.max_builds {
            let at = table
                .images
                .first()
                .map_or(Span::file_start(crate::text::FileId(0)), |i| self.images[*i].image.name.span);
            let (cells, limit) = (table.builds.len(), self.inputs.max_builds);
            self.warn(EvalProblem::TooManyBuilds { cells, limit, at });
            return None;
        }
        self.same_names(&table);
        Some(table)
    }

    fn build_name(&self, image: usize, cell: usize) -> Result<SmolStr, Stop> {
        let cells = &self.images[image];
        let name_value = &cells.image.name_value;
        let name: SmolStr = match name_value {
            Some(expr) => {
                let columns = cells.image.columns.len() as u32;
                let value = self.eval(expr, &mut Frame::at(Place { image, site: 0, cell, columns }))?;
                match value.as_text() {
                    Some(text) => text.clone(),
                    None => return Err(Stop::Poison),
                }
            }
            None => {
                let mut name = cells.image.name.name.to_string();
                for scalar in cells.scalars(cell) {
                    name.push('-');
                    name.push_str(&scalar.to_string());
                }
                name.into()
            }
        };
        if !is_name(&name) {
            let at = name_value.as_ref().map_or(cells.image.name.span, |e| e.span);
            return Err(EvalProblem::BadName { name, written: name_value.is_some(), at }.into());
        }
        Ok(name)
    }

    fn same_names(&self, table: &BuildTable) {
        let mut seen: FxHashMap<&SmolStr, &BuildEntry> = FxHashMap::default();
        let mut reported: Vec<(u32, u32)> = Vec::new();
        for build in &table.builds {
            if build.name.is_empty() {
                continue;
            }
            let Some(first) = seen.get(&build.name) else {
                seen.insert(&build.name, build);
                continue;
            };
            let images = (first.cell.image, build.cell.image);
            if reported.contains(&images) {
                continue;
            }
            reported.push(images);
            let place = |b: &BuildEntry| {
                let image = self.images[b.cell.image as usize].image;
                image.name_value.as_ref().map_or(image.name.span, |e| e.span)
            };
            self.warn(EvalProblem::SameName {
                name: build.name.clone(),
                cells: [self.cell_words(first.cell), self.cell_words(build.cell)],
                unused: (images.0 == images.1).then(|| self.unused_axis(first.cell, build.cell)).flatten(),
                at: place(build),
                other: (images.0 != images.1).then(|| place(first)),
            });
        }
    }

    /// The axis in which two cells of one name differ, where it is one.
    fn unused_axis(&self, a: CellRef, b: CellRef) -> Option<SmolStr> {
        let names = self.coordinate_names(a.image as usize);
        let cells = &self.images[a.image as usize];
        let (a, b) = (cells.scalars(a.cell as usize), cells.scalars(b.cell as usize));
        let mut differing = names.into_iter().zip(a.iter().zip(&b)).filter(|(_, (a, b))| a != b).map(|(n, _)| n);
        let first = differing.next();
        if differing.next().is_none() { first } else { None }
    }

    /// `region = us-east-1, virt = pv`
    pub(super) fn cell_words(&self, cell: CellRef) -> String {
        let names = self.coordinate_names(cell.image as usize);
        let scalars = self.images[cell.image as usize].scalars(cell.cell as usize);
        let words: Vec<String> = names.iter().zip(&scalars).map(|(n, s)| format!("{n} = {s}")).collect();
        if words.is_empty() {
            format!("image {}", self.images[cell.image as usize].image.name.name)
        } else {
            words.join(", ")
        }
    }

    /// Finds for each build the one builder block that applies.
    pub(super) fn choose_builders(&self, table: &BuildTable) -> Vec<Option<usize>> {
        let mut chosen = vec![None; table.builds.len()];
        let mut none: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        let mut several: FxHashMap<(u32, usize, usize), Vec<u32>> = FxHashMap::default();
        for (index, build) in table.builds.iter().enumerate() {
            let image = self.images[build.cell.image as usize].image;
            let mut applying = Vec::new();
            let mut failed = false;
            for (block_index, block) in image.builders.iter().enumerate() {
                match self.applies(build.cell, 0, block.when.as_ref()) {
                    Ok(true) => applying.push(block_index),
                    Ok(false) => {}
                    Err(stop) => {
                        failed = true;
                        self.touches(&stop, index as u32);
                    }
                }
            }
            match applying.as_slice() {
                [one] => chosen[index] = Some(*one),
                [] if !failed && !image.builders.is_empty() => {
                    none.entry(build.cell.image).or_default().push(index as u32)
                }
                [first, second, ..] => {
                    several.entry((build.cell.image, *first, *second)).or_default().push(index as u32)
                }
                _ => {}
            }
        }
        let mut problems: Vec<(u32, EvalProblem)> = Vec::new();
        for (image, builds) in none {
            let image = self.images[image as usize].image;
            let names = some_names(table, &builds);
            let whens = image.builders.iter().map(|b| b.header).collect();
            problems.push((
                builds[0],
                EvalProblem::NoBuilder { image: image.name.name.clone(), names, at: image.name.span, whens },
            ));
        }
        for ((image, first, second), builds) in several {
            let image = self.images[image as usize].image;
            let names = some_names(table, &builds);
            let (first, second) = (&image.builders[first], &image.builders[second]);
            problems.push((builds[0], EvalProblem::TwoBuilders { names, first: first.header, second: second.header }));
        }
        problems.sort_by_key(|(build, _)| *build);
        for (_, problem) in problems {
            self.warn(problem);
        }
        chosen
    }

    /// Whether a condition holds at a cell; it does where there is none.
    pub(super) fn applies(
        &self,
        cell: CellRef,
        site: usize,
        when: Option<&crate::resolve::hir::Expr>,
    ) -> Result<bool, Stop> {
        let Some(when) = when else { return Ok(true) };
        let image = cell.image as usize;
        let columns = self.images[image].sites.borrow()[site].columns;
        let mut frame = Frame::at(Place { image, site, cell: cell.cell as usize, columns });
        match self.eval(when, &mut frame)?.data {
            Data::Bool(truth) => Ok(truth),
            _ => Err(Stop::Poison),
        }
    }
}

/// `a, b, c and 13 more`
fn some_names(table: &BuildTable, builds: &[u32]) -> String {
    let shown: Vec<&str> =
        builds.iter().take(3).filter_map(|b| table.builds.get(*b as usize)).map(|b| b.name.as_str()).collect();
    let list = shown.join(", ");
    if builds.len() > shown.len() { format!("{list} and {} more", builds.len() - shown.len()) } else { list }
}

/// Names match `[A-Za-z0-9][A-Za-z0-9._-]{0,127}`.
fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    (1..=128).contains(&bytes.len())
        && bytes[0].is_ascii_alphanumeric()
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

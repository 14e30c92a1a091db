//! The cells of an image: coordinates, and what is worth remembering per combination of them.
//!
//! An expression depends on some axes only. It is evaluated once per *class* of cells that agree in those axes, and the
//! answer is shared: a matrix of a hundred thousand cells evaluates a tag that no axis touches once.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::expr::Outcome;
use super::value::Value;
use crate::plan::Scalar;
use crate::resolve::hir::{Expr, Image, MatrixStep};

/// A set of axes, one bit each.
pub(super) type Mask = u64;

/// The most axes of an image.
pub const MAX_AXES: usize = 64;

/// An image's matrix as it is expanded.
pub(super) struct Cells<'a> {
    pub(super) image: &'a Image,
    pub(super) axes: RefCell<Vec<AxisData>>,
    /// What each column is, in the order of the image's columns; those further down are not known yet.
    pub(super) columns: RefCell<Vec<ColumnSource<'a>>>,
    /// Coordinates: ids of axis values, `axes.len()` a cell.
    pub(super) coordinates: RefCell<Vec<u32>>,
    pub(super) count: Cell<usize>,
    /// By which `exclude` (index into the matrix) a cell is left out.
    pub(super) excluded: RefCell<Vec<Option<u32>>>,
    /// What each column is made from, collected when first asked.
    sources: OnceCell<FxHashMap<u32, &'a Expr>>,
    projections: RefCell<FxHashMap<Mask, Rc<Projection>>>,
    memos: RefCell<Vec<Memo>>,
    /// The image itself is site 0; each use of a group has one more.
    pub(super) sites: RefCell<Vec<Rc<Site<'a>>>>,
    /// Cells by their coordinates' values, filled when first asked.
    pub(super) lookup: RefCell<Option<FxHashMap<Vec<Scalar>, u32>>>,
}

/// The values of one axis. Cells hold indices into them.
#[derive(Debug, Default)]
pub(super) struct AxisData {
    /// One tuple a value: one element for `axis a in …`, one a column for `axis { a, b } in …`.
    pub(super) tuples: Vec<Vec<Value>>,
    /// The coordinate of each value: of its key columns, or of all.
    pub(super) scalars: Vec<Vec<Scalar>>,
}

/// What a column of an image is.
#[derive(Clone, Copy)]
pub(super) enum ColumnSource<'a> {
    /// A position in the tuples of an axis.
    Axis { axis: usize, position: usize },
    /// A let.
    Let { value: &'a Expr, memo: usize },
}

/// Where a group's parameters get their values.
pub(super) struct Site<'a> {
    /// The site in which the arguments are evaluated; itself for the image.
    pub(super) parent: usize,
    /// The arguments; none for the image.
    pub(super) args: Vec<SiteArg<'a>>,
    /// The number of columns.
    pub(super) columns: u32,
}

/// An argument of a group.
#[derive(Clone, Copy)]
pub(super) struct SiteArg<'a> {
    pub(super) value: Option<&'a Expr>,
    pub(super) default: Option<&'a Expr>,
    pub(super) mask: Mask,
    pub(super) memo: usize,
}

struct Memo {
    mask: Mask,
    slots: Vec<Option<Outcome>>,
}

/// How cells fall into classes that agree in some axes.
pub(super) enum Projection {
    /// All cells agree.
    One,
    /// By the value of one axis.
    Axis(usize),
    /// Every cell is its own class.
    Every,
    /// By several axes.
    Mixed(Vec<u32>),
}

impl<'a> Cells<'a> {
    /// One cell without coordinates.
    pub(super) fn new(image: &'a Image) -> Self {
        Cells {
            image,
            axes: RefCell::default(),
            columns: RefCell::default(),
            coordinates: RefCell::default(),
            count: Cell::new(1),
            excluded: RefCell::new(vec![None]),
            sources: OnceCell::new(),
            projections: RefCell::default(),
            memos: RefCell::default(),
            sites: RefCell::new(vec![Rc::new(Site {
                parent: 0,
                args: Vec::new(),
                columns: image.columns.len() as u32,
            })]),
            lookup: RefCell::default(),
        }
    }

    /// What a column is made from: the source of an axis, the value of a let.
    pub(super) fn source(&self, column: u32) -> Option<&'a Expr> {
        let collect = || {
            let mut sources = FxHashMap::default();
            for step in &self.image.matrix {
                match step {
                    MatrixStep::Axis(axis) => sources.extend(axis.locals.iter().map(|local| (*local, &axis.source))),
                    MatrixStep::Let { local, value, .. } => _ = sources.insert(*local, value),
                    MatrixStep::Exclude(_) => {}
                }
            }
            sources
        };
        self.sources.get_or_init(collect).get(&column).copied()
    }

    /// A place to remember one answer per class of a mask.
    pub(super) fn add_memo(&self, mask: Mask) -> usize {
        let mut memos = self.memos.borrow_mut();
        memos.push(Memo { mask, slots: Vec::new() });
        memos.len() - 1
    }

    /// The remembered answer for a cell, or that of `make`.
    pub(super) fn remembered(&self, memo: usize, cell: usize, make: impl FnOnce() -> Outcome) -> Outcome {
        let mask = self.memos.borrow()[memo].mask;
        let class = self.class(mask, cell);
        if let Some(Some(known)) = self.memos.borrow()[memo].slots.get(class) {
            return known.clone();
        }
        let outcome = make();
        let mut memos = self.memos.borrow_mut();
        let slots = &mut memos[memo].slots;
        if slots.len() <= class {
            slots.resize(class + 1, None);
        }
        slots[class] = Some(outcome.clone());
        outcome
    }

    /// The axes that a column depends on.
    pub(super) fn column_mask(&self, column: u32) -> Mask {
        match self.columns.borrow().get(column as usize) {
            Some(ColumnSource::Axis { axis, .. }) => 1 << axis,
            Some(ColumnSource::Let { memo, .. }) => self.memos.borrow()[*memo].mask,
            None => 0,
        }
    }

    /// The class of a cell under a mask.
    pub(super) fn class(&self, mask: Mask, cell: usize) -> usize {
        match mask {
            0 => return 0,
            mask if mask.is_power_of_two() => {
                let width = self.axes.borrow().len();
                return self.coordinates.borrow()[cell * width + mask.trailing_zeros() as usize] as usize;
            }
            _ => {}
        }
        self.projection(mask).class(cell, self)
    }

    /// How cells fall into classes under a mask.
    pub(super) fn projection(&self, mask: Mask) -> Rc<Projection> {
        if let Some(known) = self.projections.borrow().get(&mask) {
            return known.clone();
        }
        let made = Rc::new(self.project(mask));
        self.projections.borrow_mut().insert(mask, made.clone());
        made
    }

    fn project(&self, mask: Mask) -> Projection {
        let width = self.axes.borrow().len();
        let all = if width >= 64 { Mask::MAX } else { (1 << width) - 1 };
        if mask == 0 {
            return Projection::One;
        }
        if mask.is_power_of_two() {
            return Projection::Axis(mask.trailing_zeros() as usize);
        }
        if mask & all == all {
            return Projection::Every;
        }
        let picked: Vec<usize> = (0..width).filter(|k| mask & (1 << k) != 0).collect();
        let coordinates = self.coordinates.borrow();
        let mut classes: FxHashMap<Vec<u32>, u32> = FxHashMap::default();
        let mut class_of = Vec::with_capacity(self.count.get());
        let mut key = Vec::with_capacity(picked.len());
        for cell in coordinates.chunks_exact(width) {
            key.clear();
            key.extend(picked.iter().map(|k| cell[*k]));
            let next = classes.len() as u32;
            let class = match classes.get(&key) {
                Some(class) => *class,
                None => {
                    classes.insert(key.clone(), next);
                    next
                }
            };
            class_of.push(class);
        }
        Projection::Mixed(class_of)
    }

    /// Replaces the cells after an axis has been multiplied in; what was remembered per class no longer fits.
    pub(super) fn replace(&self, coordinates: Vec<u32>, excluded: Vec<Option<u32>>) {
        self.count.set(excluded.len());
        *self.coordinates.borrow_mut() = coordinates;
        *self.excluded.borrow_mut() = excluded;
        self.projections.borrow_mut().clear();
        for memo in self.memos.borrow_mut().iter_mut() {
            memo.slots.clear();
        }
    }

    /// The coordinates' values of a cell, axis by axis.
    pub(super) fn scalars(&self, cell: usize) -> Vec<Scalar> {
        let axes = self.axes.borrow();
        let coordinates = self.coordinates.borrow();
        let ids = &coordinates[cell * axes.len()..(cell + 1) * axes.len()];
        axes.iter().zip(ids).flat_map(|(axis, id)| axis.scalars[*id as usize].iter().cloned()).collect()
    }

    /// The cell of these coordinates, excluded ones too.
    pub(super) fn find(&self, scalars: &[Scalar]) -> Option<u32> {
        let mut lookup = self.lookup.borrow_mut();
        let lookup = lookup.get_or_insert_with(|| (0..self.count.get()).map(|c| (self.scalars(c), c as u32)).collect());
        lookup.get(scalars).copied()
    }
}

impl Projection {
    /// The class of a cell.
    pub(super) fn class(&self, cell: usize, cells: &Cells<'_>) -> usize {
        match self {
            Projection::One => 0,
            Projection::Axis(axis) => {
                let width = cells.axes.borrow().len();
                cells.coordinates.borrow()[cell * width + axis] as usize
            }
            Projection::Every => cell,
            Projection::Mixed(class_of) => class_of[cell] as usize,
        }
    }
}

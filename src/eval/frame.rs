//! Where locals live while an expression is evaluated: columns of a cell first, then a stack.

use super::value::Value;

/// The columns that the first locals stand for: a site (an image, or one use of a group in it) at a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Index of the image.
    pub(super) image: usize,
    /// Index of the site in the image's data.
    pub(super) site: usize,
    /// The cell.
    pub(super) cell: usize,
    /// How many locals are columns of the site.
    pub(super) columns: u32,
}

/// The locals of one evaluation.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) place: Option<Place>,
    stack: Vec<Value>,
    /// Whether late values make a result unknown instead of being a mistake.
    pub(super) deciding: bool,
}

impl Frame {
    /// No locals at all.
    pub(super) fn closed(deciding: bool) -> Self {
        Frame { place: None, stack: Vec::new(), deciding }
    }

    /// These locals.
    pub(super) fn of(values: Vec<Value>, deciding: bool) -> Self {
        Frame { place: None, stack: values, deciding }
    }

    /// The columns of a cell.
    pub(super) fn at(place: Place) -> Self {
        Frame { place: Some(place), stack: Vec::new(), deciding: false }
    }

    /// The local of a number, where it lies on the stack.
    pub(super) fn stacked(&self, local: u32) -> Option<&Value> {
        let columns = self.place.map_or(0, |p| p.columns);
        self.stack.get(local.checked_sub(columns)? as usize)
    }

    pub(super) fn push(&mut self, value: Value) {
        self.stack.push(value);
    }

    pub(super) fn depth(&self) -> usize {
        self.stack.len()
    }

    pub(super) fn truncate(&mut self, depth: usize) {
        self.stack.truncate(depth);
    }
}

//! The options of a block, cell by cell: each entry is evaluated once per class of the axes it depends on, and the builds share
//! the answer.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};
use smol_str::SmolStr;

use super::Evaluator;
use super::cells::Mask;
use super::edges::holds_ami;
use super::frame::{Frame, Place};
use super::options::{Frozen, Options};
use super::problem::Stop;
use super::value::{CellRef, Data, Value};
use crate::plan;
use crate::resolve::hir::{Block, Declared, Entry, Expr};
use crate::text::Span;

/// A block at one site, ready to be asked for cells.
pub(super) struct BlockData<'a> {
    pub(super) block: &'a Block,
    pub(super) site: usize,
    /// The options that the kind has; none for an unknown kind.
    pub(super) declared: Option<&'a Declared>,
    entries: Vec<EntryData<'a>>,
    /// The axes of the spreads: on them depends which keys there are.
    pub(super) shape_mask: Mask,
    layouts: RefCell<FxHashMap<Vec<usize>, Rc<Layout>>>,
}

enum EntryData<'a> {
    Field { key: &'a SmolStr, at: Span, value: &'a Expr, mask: Mask, slots: RefCell<Vec<Option<Slot>>> },
    Spread { value: &'a Expr, mask: Mask, slots: RefCell<Vec<Option<Result<Value, Stop>>>> },
}

/// The value of an option for a class of cells: none where it is null.
type Slot = Result<Option<Rc<Frozen>>, Stop>;

/// Which keys a block has, given what its spreads hold.
struct Layout {
    keys: IndexMap<SmolStr, Source, FxBuildHasher>,
}

enum Source {
    /// An entry of the block.
    Entry(usize),
    /// A field that came by spread.
    Spread(Slot),
}

impl<'a> Evaluator<'a> {
    /// Prepares a block of an image at a site.
    pub(super) fn block_data(&self, image: usize, site: usize, block: &'a Block) -> BlockData<'a> {
        let declared = block.kind.map(|k| &self.program().records[self.program().kinds[k].record]);
        let columns = self.images[image].sites.borrow()[site].columns;
        let mut entries = Vec::with_capacity(block.body.len());
        let mut shape_mask = 0;
        for entry in &block.body {
            match entry {
                Entry::Field { key, value } => {
                    let own = self.mask(value, image, site, columns);
                    let slots = RefCell::default();
                    entries.push(EntryData::Field { key: &key.name, at: key.span, value, mask: own, slots });
                }
                Entry::Spread { value, .. } => {
                    let own = self.mask(value, image, site, columns);
                    shape_mask |= own;
                    entries.push(EntryData::Spread { value, mask: own, slots: RefCell::default() });
                }
            }
        }
        BlockData { block, site, declared, entries, shape_mask, layouts: RefCell::default() }
    }

    /// The options of a block at a cell. Failures are noted with the build and leave the option out.
    pub(super) fn options(&self, data: &BlockData<'a>, cell: CellRef, build: u32) -> Result<Options, ()> {
        let mut failed = false;
        let mut fail = |stop: &Stop| {
            self.touches(stop, build);
            failed = true;
        };
        let layout = self.layout(data, cell, &mut fail);
        let mut options = Options::with_capacity(layout.keys.len());
        for (key, source) in &layout.keys {
            let slot = match source {
                Source::Spread(slot) => slot.clone(),
                Source::Entry(index) => self.entry(data, *index, cell),
            };
            match slot {
                Ok(Some(frozen)) => options.push(key.clone(), frozen),
                Ok(None) => {}
                Err(stop) => fail(&stop),
            }
        }
        if failed { Err(()) } else { Ok(options) }
    }

    fn layout(&self, data: &BlockData<'a>, cell: CellRef, fail: &mut dyn FnMut(&Stop)) -> Rc<Layout> {
        let mut spreads: Vec<Option<Value>> = Vec::new();
        let mut identity: Vec<usize> = Vec::new();
        for entry in &data.entries {
            let EntryData::Spread { value, mask, slots } = entry else { continue };
            let spread = self.by_class(cell, *mask, slots, || {
                let mut frame = self.frame(cell, data.site);
                self.eval(value, &mut frame)
            });
            match spread {
                Ok(value) => {
                    identity.push(if let Data::Record(record) = &value.data {
                        Arc::as_ptr(record) as usize
                    } else {
                        0
                    });
                    spreads.push(Some(value));
                }
                Err(stop) => {
                    fail(&stop);
                    identity.push(1);
                    spreads.push(None);
                }
            }
        }
        if let Some(known) = data.layouts.borrow().get(&identity) {
            return known.clone();
        }
        let mut keys: IndexMap<SmolStr, Source, FxBuildHasher> = IndexMap::default();
        let mut next_spread = spreads.into_iter();
        for (index, entry) in data.entries.iter().enumerate() {
            match entry {
                EntryData::Field { key, .. } => {
                    keys.insert((*key).clone(), Source::Entry(index));
                }
                EntryData::Spread { .. } => {
                    let Some(Some(Value { data: Data::Record(record), .. })) = next_spread.next() else { continue };
                    for (key, field) in record.iter() {
                        let slot = self.frozen(data, key, field.key, field.value.clone());
                        keys.insert(key.clone(), Source::Spread(slot));
                    }
                }
            }
        }
        let layout = Rc::new(Layout { keys });
        data.layouts.borrow_mut().insert(identity, layout.clone());
        layout
    }

    fn entry(&self, data: &BlockData<'a>, index: usize, cell: CellRef) -> Slot {
        let EntryData::Field { key, at, value, mask, slots } = &data.entries[index] else { return Ok(None) };
        self.by_class(cell, *mask, slots, || {
            let mut frame = self.frame(cell, data.site);
            let value = self.eval(value, &mut frame)?;
            self.frozen(data, key, *at, value)
        })
    }

    /// One option of a block at a cell, where it has a value.
    pub(super) fn option_at(&self, data: &BlockData<'a>, name: &str, cell: CellRef) -> Option<Rc<Frozen>> {
        let layout = self.layout(data, cell, &mut |_| {});
        match layout.keys.get(name)? {
            Source::Spread(slot) => slot.clone().ok().flatten(),
            Source::Entry(index) => self.entry(data, *index, cell).ok().flatten(),
        }
    }

    fn frozen(&self, data: &BlockData<'a>, key: &SmolStr, at: Span, value: Value) -> Slot {
        if value.is_null() {
            return Ok(None);
        }
        let field = data.declared.and_then(|d| d.fields.get(key));
        let frozen = self.freeze(&value, field.map(|f| &f.ty), key, at)?;
        if let Some(field) = field {
            self.in_encoding(&value, field, key, at)?;
        }
        let origin = self.origin(at);
        let (setting, with_amis) = (Arc::new(plan::Setting { value: frozen, origin }), holds_ami(&value));
        Ok(Some(Rc::new(Frozen { value, setting, key: at, with_amis })))
    }

    /// The locals of a site at a cell.
    pub(super) fn frame(&self, cell: CellRef, site: usize) -> Frame {
        let image = cell.image as usize;
        let columns = self.images[image].sites.borrow()[site].columns;
        Frame::at(Place { image, site, cell: cell.cell as usize, columns })
    }

    /// What `make` gives for the class of a cell, remembered in `slots`.
    pub(super) fn by_class<T: Clone>(
        &self,
        cell: CellRef,
        mask: Mask,
        slots: &RefCell<Vec<Option<T>>>,
        make: impl FnOnce() -> T,
    ) -> T {
        let class = self.images[cell.image as usize].class(mask, cell.cell as usize);
        if let Some(Some(known)) = slots.borrow().get(class) {
            return known.clone();
        }
        let made = make();
        let mut slots = slots.borrow_mut();
        if slots.len() <= class {
            slots.resize_with(class + 1, || None);
        }
        slots[class] = Some(made.clone());
        made
    }
}

impl BlockData<'_> {
    /// Where the value of an option stands that is written in the block itself.
    pub(super) fn written(&self, name: &str) -> Option<Span> {
        self.entries.iter().find_map(|entry| match entry {
            EntryData::Field { key, value, .. } => (key.as_str() == name).then_some(value.span),
            EntryData::Spread { .. } => None,
        })
    }

    /// The axes that the value of each option of the kind may depend on, its presence included.
    pub(super) fn option_masks(&self, declared: &Declared) -> Vec<Mask> {
        let mut masks = vec![self.shape_mask; declared.fields.len()];
        for entry in &self.entries {
            if let EntryData::Field { key, mask, .. } = entry
                && let Some(index) = declared.fields.get_index_of(*key)
            {
                masks[index] |= mask;
            }
        }
        masks
    }
}

//! The syntax tree: what stands in the file, as it stands there, names unresolved and nothing judged.
//!
//! One tree for everyone: the formatter prints it, the resolver lowers it. A part that does not parse is a `Bad` node, so
//! that the rest stays analysed. Every node keeps its span. Comments are not in the tree but beside it, in
//! [`File::comments`], in source order.

mod expr;
mod image;
mod item;
mod text;
mod types;

pub use expr::*;
pub use image::*;
pub use item::*;
pub use text::*;
pub use types::*;

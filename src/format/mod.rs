//! The one canonical style of `.bake` files.
//!
//! Floor 3. It knows text and the syntax tree; no option name, no type, no file system. `printer` holds what all nodes
//! share, `items`, `image`, `table`, `types` and `expr` print the nodes, `trivia` keeps comments and empty lines, and
//! `layout` lines columns up. [`diff`] shows what formatting would change.

pub mod diff;

mod expr;
mod image;
mod items;
mod layout;
mod printer;
mod table;
mod trivia;
mod types;

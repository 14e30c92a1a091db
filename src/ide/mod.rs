//! What an editor asks of a program, in the words of editors and not of their protocol: places are byte offsets, answers are plain
//! data.
//!
//! Floor 6, a reader of what the compiler found out; it knows neither the protocol nor the file system. [`View`] is an analysed
//! program; [`Workspace`] the open documents and what is known of the others. One file a question.

pub mod action;
mod builds;
pub mod complete;
mod declare;
pub mod hint;
pub mod hover;
pub mod outline;
pub mod rename;
#[cfg(test)]
mod tests;
pub mod tokens;
pub mod tree;
mod view;
mod workspace;

pub use view::View;
pub use workspace::{Home, Overlay, Workspace};

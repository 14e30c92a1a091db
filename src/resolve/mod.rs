//! From syntax trees to a program in which every name is an index.

pub mod builtin;
pub mod hir;

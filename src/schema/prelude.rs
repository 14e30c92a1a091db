//! The prelude's files, as they are embedded in the program, and which file declares which kind.
//!
//! A file is parsed only when a program names one of its kinds.

use crate::syntax::ast::ExternKind;

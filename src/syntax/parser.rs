//! The parser that pest makes of `grammar/bake.pest`.
//!
//! Nothing but the generated code; `recover` calls it, `lower` reads its pairs.

#![allow(missing_docs, unreachable_pub)]

use pest_derive::Parser;

#[derive(Parser)]
#[grammar = "../grammar/bake.pest"]
pub(super) struct BakeParser;

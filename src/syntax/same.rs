//! Whether two trees say the same: everything but where it stands.
//!
//! Spans, the marks that only help to find them (`braces`, `keyword`), decoded texts' way back and layout do not count;
//! comments count as a sequence of kind and text. Neighbours: `ast` is what is compared, `format` checks its own output by it.

use super::ast::*;
use crate::text::Span;

/// Whether two files, each with its text, are equal but for places and layout.
pub fn same(a: (&File, &str), b: (&File, &str)) -> bool {
    a.0.items.same(&b.0.items)
        && a.0.doc.same(&b.0.doc)
        && a.0.comments.len() == b.0.comments.len()
        && a.0
            .comments
            .iter()
            .zip(&b.0.comments)
            .all(|(x, y)| x.kind == y.kind && a.1.get(x.span.range()) == b.1.get(y.span.range()))
}

/// Equality without places.
trait Same {
    fn same(&self, other: &Self) -> bool;
}

impl Same for Span {
    fn same(&self, _: &Self) -> bool {
        true
    }
}

impl<T: Same> Same for Option<T> {
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Some(a), Some(b)) => a.same(b),
            (a, b) => a.is_none() && b.is_none(),
        }
    }
}

impl<T: Same> Same for Vec<T> {
    fn same(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().zip(other).all(|(a, b)| a.same(b))
    }
}

impl<T: Same> Same for Box<T> {
    fn same(&self, other: &Self) -> bool {
        (**self).same(other)
    }
}

/// Plain values are equal when they are equal.
macro_rules! plain {
    ($($ty:ty),* $(,)?) => {
        $(impl Same for $ty {
            fn same(&self, other: &Self) -> bool {
                self == other
            }
        })*
    };
}

/// A record is the same when its fields are; every field is named, so that a new one is not forgotten.
macro_rules! fields {
    ($($ty:ident { $($field:ident),* $(,)? })*) => {
        $(impl Same for $ty {
            fn same(&self, other: &Self) -> bool {
                let $ty { $($field),* } = self;
                $($field.same(&other.$field))&&*
            }
        })*
    };
}

/// A choice is the same when form and parts are.
macro_rules! forms {
    ($($ty:ident { $($form:ident $(($($part:ident / $twin:ident),*))? $({$($field:ident / $pair:ident),*})?),* $(,)? })*) => {
        $(impl Same for $ty {
            fn same(&self, other: &Self) -> bool {
                // No catch-all for the left side: a new form does not compile before it stands here.
                match self {
                    $($ty::$form $(($($part),*))? $({$($field),*})? => match other {
                        $ty::$form $(($($twin),*))? $({$($field: $pair),*})? => {
                            true $($(&& $part.same($twin))*)? $($(&& $field.same($pair))*)?
                        }
                        #[allow(unreachable_patterns)]
                        _ => false,
                    },)*
                }
            }
        })*
    };
}

plain!(bool, i64, u64, smol_str::SmolStr, Quote, BlockKind, ExternKind, UnaryOp, BinaryOp);

impl Same for f64 {
    fn same(&self, other: &Self) -> bool {
        self.to_bits() == other.to_bits()
    }
}

impl Same for Chars {
    fn same(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

fields! {
    Doc { text, span }
    Ident { name, span }
    Item { doc, kind, span }
    Import { path, alias }
    Binding { doc, name, ty, value, span }
    Function { name, params, result, body }
    Parameter { name, ty, default, span }
    TypeItem { name, ty }
    Table { name, key, columns, rows, braces }
    Column { name, ty }
    Row { cells, span }
    Cell { kind, span }
    Image { name, body }
    Matrix { items, keyword, span }
    Axis { names, columns, source, span }
    Exclude { when, because, span }
    Block { doc, statement, keyword, kind, label, when, body, span }
    Use { group, args, when, span }
    Post { chain, links, when, keyword, span }
    Group { name, params, body }
    Policy { name, variable, domain, when, requires }
    Require { condition, message, span }
    Output { file, value }
    Extern { category, kind, body }
    FieldDecl { doc, name, ty, default, encoding, since, formerly, deprecated, refused, span }
    Rule { condition, message, at, span }
    Type { kind, span }
    Regex { pattern, span }
    Key { name, span, quoted }
    Arg { name, value }
    Expr { kind, span }
    ForClause { names, source, condition }
    Arm { patterns, value, span }
    Text { quote, parts, span }
}

forms! {
    ItemKind {
        Import(a / b), Param(a / b), Variable(a / b), Secret(a / b), Let(a / b), Fn(a / b), Type(a / b), Table(a / b),
        Image(a / b), Group(a / b), Policy(a / b), Output(a / b), Extern(a / b), Bad,
    }
    CellKind { Word(a / b), Literal(a / b), Absent, Empty }
    ImageItem {
        Matrix(a / b), Let(a / b), Name { value / v, span / s }, Block(a / b), Use(a / b), Post(a / b),
        Retain { body / b, keyword / k, span / s }, Bad(a / b),
    }
    MatrixItem { Axis(a / b), Let(a / b), Exclude(a / b), Bad(a / b) }
    Member {
        Field(a / b), Include(a / b, c / d), Rule(a / b), Fact { name / n, args / a, span / s },
        Unique { option / o, per / p, span / s }, Bad(a / b),
    }
    TypeKind {
        Name(a / b), List(a / b), Map(a / b), Record(a / b), Optional(a / b), Union(a / b), Literal(a / b),
        Matches(a / b, c / d), Range(a / b, c / d, e / f), Template(a / b), Late(a / b), Paren(a / b), Bad,
    }
    Entry { Field { key / k, value / v, span / s }, Spread { value / v, span / s }, Bad(a / b) }
    ExprKind {
        Null, Bool(a / b), Int(a / b), Number(a / b), Duration(a / b), Size(a / b), Text(a / b), Regex(a / b), Name(a / b),
        Field(a / b, c / d), Index(a / b, c / d), Call(a / b, c / d), Unary(a / b, c / d),
        Binary(a / b, c / d, e / f, g / h), If(a / b, c / d, e / f), Match(a / b, c / d), List(a / b), Record(a / b),
        ForList(a / b, c / d), ForRecord(a / b, c / d, e / f), Paren(a / b), Bad,
    }
    Element { Value(a / b), Spread(a / b, c / d) }
    Pattern { Literal(a / b), Any(a / b) }
    TextPart { Chars(a / b), Interpolation(a / b) }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::same;
    use crate::text::FileId;

    fn agree(a: &str, b: &str) -> bool {
        let (x, y) = (parse(FileId(0), a), parse(FileId(1), b));
        assert!(x.problems.is_empty() && y.problems.is_empty(), "{:?} {:?}", x.problems, y.problems);
        same((&x.file, a), (&y.file, b))
    }

    #[test]
    fn layout_does_not_count() {
        assert!(agree("let x = [1, 2] // a\n", "\n\nlet x = [\n  1,\n  2,\n]\n// a\n"));
        assert!(agree("let x = \"\"\"\n  a\n  \"\"\"", "let x = \"\"\"\na\n\"\"\""));
    }

    #[test]
    fn everything_else_counts() {
        for (a, b) in [
            ("let x = 1", "let x = 2"),
            ("let x = 1", "let y = 1"),
            ("let x = (1)", "let x = 1"),
            ("let x = 'a'", "let x = \"a\""),
            ("let x = 1 // a", "let x = 1 // b"),
            ("let x = 1 // a", "let x = 1 # a"),
            ("/// d\nlet x = 1", "let x = 1"),
            ("let x = a.b", "let x = a.c"),
            ("let x = -0.5", "let x = 0.5"),
            ("type T = string?", "type T = string"),
        ] {
            assert!(!agree(a, b), "{a} / {b}");
        }
    }
}

//! Whether a value of one type may stand where another is wanted.
//!
//! Flowing is generous where only the value can tell: any text flows into a pattern, a domain or a template, any int into
//! a range. The value is checked when it is known.

use super::{Domain, Literal, Record, Ty};

/// Whether lateness matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lateness {
    /// A late value flows only into a late type.
    Matters,
    /// The place takes values that are known only when the plan runs: options, outputs.
    Ignored,
}

/// Whether `from` flows into `to`.
pub fn flows(from: &Ty, to: &Ty, lateness: Lateness) -> bool {
    let (from, to) = (from.plain(), to.plain());
    match (from, to) {
        (Ty::Poison | Ty::Never, _) | (_, Ty::Poison) => true,
        (Ty::Late(from), Ty::Late(to)) => flows(from, to, Lateness::Ignored),
        (_, Ty::Late(to)) => flows(from, to, Lateness::Ignored),
        (Ty::Late(from), _) if lateness == Lateness::Ignored => flows(from, to, lateness),
        (Ty::Null, Ty::Null | Ty::Optional(_)) => true,
        (Ty::Optional(from), Ty::Optional(to)) => flows(from, to, lateness),
        (_, Ty::Optional(to)) => flows(from, to, lateness),
        (Ty::Union(members), _) => members.iter().all(|m| flows(m, to, lateness)),
        (_, Ty::Union(members)) => members.iter().any(|m| flows(from, m, lateness)),
        (Ty::List(from), Ty::List(to)) | (Ty::Map(from), Ty::Map(to)) => flows(from, to, lateness),
        (Ty::Record(from), Ty::Map(to)) => from.fields.values().all(|f| flows(&f.ty, to, lateness)),
        (Ty::Record(from), Ty::Record(to)) => record_flows(from, to, lateness),
        (Ty::Literal(from), Ty::Literal(to)) => from == to,
        (Ty::Literal(Literal::Text(text)), Ty::Matches(pattern)) => pattern.regex.is_match(text),
        (Ty::Literal(Literal::Int(int)), Ty::Range(range)) => {
            matches!(range.base, Ty::Int | Ty::Number)
                && range.low.is_none_or(|low| low <= *int)
                && range.high.is_none_or(|high| *int <= high)
        }
        (Ty::Literal(Literal::Text(_)), Ty::String | Ty::Template(_) | Ty::Domain(_)) => true,
        (Ty::Literal(Literal::Int(_)), Ty::Int | Ty::Number) => true,
        (Ty::Literal(Literal::Bool(_)), Ty::Bool) => true,
        (Ty::Int, Ty::Number) => true,
        (Ty::Range(from), Ty::Range(to)) => flows(&from.base, &to.base, lateness),
        (Ty::Range(from), _) => flows(&from.base, to, lateness),
        (_, Ty::Range(to)) => flows(from, &to.base, lateness),
        (Ty::Domain(from), Ty::Domain(to)) => domain_flows(*from, *to),
        (Ty::String | Ty::Matches(_) | Ty::Template(_) | Ty::Domain(_), Ty::String) => true,
        (Ty::String | Ty::Matches(_) | Ty::Template(_) | Ty::Domain(_), Ty::Matches(_) | Ty::Template(_)) => true,
        (Ty::String | Ty::Matches(_) | Ty::Template(_), Ty::Domain(_)) => true,
        (from, to) => from == to,
    }
}

fn record_flows(from: &Record, to: &Record, lateness: Lateness) -> bool {
    from.fields.iter().all(|(name, field)| {
        to.fields.get(name).is_some_and(|wanted| {
            (wanted.optional || !field.optional) && (flows(&field.ty.non_null(), &wanted.ty, lateness))
        })
    }) && to.fields.iter().all(|(name, wanted)| wanted.optional || from.fields.contains_key(name))
}

fn domain_flows(from: Domain, to: Domain) -> bool {
    from == to || (from == Domain::Arn && matches!(to, Domain::KmsKey | Domain::IamProfile))
}

/// Whether every value of `other` is a value of `ty` *and* nothing is lost by saying only `ty`: used to keep unions small.
pub fn absorbs(ty: &Ty, other: &Ty) -> bool {
    if ty == other {
        return true;
    }
    match (ty, other) {
        (Ty::String, Ty::Literal(Literal::Text(_)) | Ty::Matches(_)) => true,
        (Ty::Int, Ty::Literal(Literal::Int(_))) | (Ty::Bool, Ty::Literal(Literal::Bool(_))) => true,
        (Ty::Int, Ty::Range(range)) => range.base == Ty::Int,
        (Ty::Number, Ty::Int | Ty::Literal(Literal::Int(_))) => true,
        (Ty::List(a), Ty::List(b)) | (Ty::Map(a), Ty::Map(b)) => **b == Ty::Never || absorbs(a, b),
        (Ty::Late(a), Ty::Late(b)) => absorbs(a, b),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn text(s: &str) -> Ty {
        Ty::Literal(Literal::Text(s.into()))
    }

    #[test]
    fn late_values_flow_only_where_lateness_is_taken() {
        let late = Ty::String.late();
        assert!(!flows(&late, &Ty::String, Lateness::Matters));
        assert!(flows(&late, &Ty::String, Lateness::Ignored));
        assert!(flows(&Ty::String, &late, Lateness::Matters));
    }

    #[test]
    fn optional_flows_only_into_optional() {
        let maybe = Ty::String.optional();
        assert!(!flows(&maybe, &Ty::String, Lateness::Matters));
        assert!(flows(&Ty::String, &maybe, Lateness::Matters));
        assert!(flows(&Ty::Null, &maybe, Lateness::Matters));
    }

    #[test]
    fn unions_keep_literals_apart_and_swallow_what_is_covered() {
        let virt = Ty::union([text("pv"), text("hvm")]);
        assert!(flows(&text("pv"), &virt, Lateness::Matters));
        assert!(!flows(&text("x"), &virt, Lateness::Matters));
        assert!(!flows(&Ty::String, &virt, Lateness::Matters));
        assert_eq!(Ty::union([text("pv"), Ty::String]), Ty::String);
        assert_eq!(
            Ty::union([Ty::List(Arc::new(Ty::Never)), Ty::List(Arc::new(Ty::String))]),
            Ty::List(Arc::new(Ty::String))
        );
    }
}

//! `did you mean`: the nearest of the names that would have been right.

use std::cmp::Reverse;

use rapidfuzz::distance::osa::{Args, BatchComparator};

/// A longer name, in bytes, was not meant to be a short one.
const LONGEST: usize = 200;

/// A word of fewer characters is the beginning of too much.
const SHORTEST_BEGINNING: usize = 4;

/// The candidate nearest to `name`, if one is near enough to be worth proposing.
///
/// Case and the choice between `-` and `_` do not count as a difference; a swap of two letters counts once.
/// Among equally near candidates the one that begins as the name does wins, then that of the nearest length, then the first by
/// the alphabet: their order does not matter. Where none is near, the shortest that `name` is the beginning of may be meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    let length = name.chars().count();
    let mut limit = match length {
        0..=2 => 1,
        3..=5 => 2,
        n => n / 3,
    };
    let wanted = BatchComparator::new(name.chars().map(fold));
    let mut best: Option<(usize, Reverse<usize>, usize, &str)> = None;
    let mut longer: Option<&str> = None;
    for candidate in candidates {
        if length >= SHORTEST_BEGINNING
            && candidate.len() <= LONGEST
            && begins(candidate, name)
            && longer.is_none_or(|longer| (candidate.len(), candidate) < (longer.len(), longer))
        {
            longer = Some(candidate);
        }
        // As many bytes as characters, or more: what is too long in both is too far.
        if candidate.len() > 4 * (length + limit) || candidate.len() + limit < length {
            continue;
        }
        let cutoff = Args::default().score_cutoff(limit);
        let Some(distance) = wanted.distance_with_args(candidate.chars().map(fold), &cutoff) else { continue };
        let characters = candidate.chars().count();
        let common = name.chars().zip(candidate.chars()).take_while(|(a, b)| fold(*a) == fold(*b)).count();
        let found = (distance, Reverse(common), characters.abs_diff(length), candidate);
        if distance < characters && best.is_none_or(|best| found < best) {
            (best, limit) = (Some(found), distance);
        }
    }
    best.map(|(.., candidate)| candidate).or(longer)
}

fn begins(candidate: &str, name: &str) -> bool {
    let mut characters = candidate.chars();
    name.chars().all(|c| characters.next().is_some_and(|d| fold(c) == fold(d)))
}

fn fold(c: char) -> char {
    if c == '-' { '_' } else { c.to_ascii_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn proposes_the_near_and_not_the_far() {
        assert_eq!(nearest("us-esat-1", ["us-east-2", "us-east-1", "eu-west-1"]), Some("us-east-1"));
        assert_eq!(nearest("isotme", ["timestamp", "isotime"]), Some("isotime"));
        assert_eq!(nearest("ami-name", ["ami_name"]), Some("ami_name"));
        assert_eq!(nearest("x", ["region", "release"]), None);
        assert_eq!(nearest("zzz", ["abc"]), None);
        assert_eq!(nearest("a", [""]), None);
        assert_eq!(nearest("dest", ["source", "destination", "destinations"]), Some("destination"));
        assert_eq!(nearest("dst", ["destination"]), None);
        assert_eq!(nearest("größe", ["grösse", "große"]), Some("große"));
    }

    #[test]
    fn the_order_does_not_matter() {
        assert_eq!(nearest("ab", ["ac", "aa"]), Some("aa"));
        assert_eq!(nearest("ab", ["aa", "ac"]), Some("aa"));
        assert_eq!(nearest("ab", ["aa", "ab", "ac"]), Some("ab"));
    }
}

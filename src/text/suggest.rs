//! `did you mean`: the nearest of the names that would have been right.

/// The candidate nearest to `name`, if one is near enough to be worth proposing.
///
/// Case and the choice between `-` and `_` do not count as a difference; a swap of two letters counts once.
/// Among equally near candidates the first wins, so the answer does not depend on anything but the arguments.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = fold(name);
    let limit = match plain.chars().count() {
        0..=2 => 1,
        3..=5 => 2,
        n => (n / 3).max(2),
    };
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate.len().abs_diff(name.len()) > limit + 2 {
            continue;
        }
        let distance = strsim::damerau_levenshtein(&plain, &fold(candidate));
        if distance <= limit && distance < candidate.chars().count() && best.is_none_or(|(d, _)| distance < d) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, c)| c)
}

fn fold(name: &str) -> String {
    name.chars().map(|c| if c == '-' { '_' } else { c.to_ascii_lowercase() }).collect()
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
    }
}

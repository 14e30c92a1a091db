//! The field's own types: which texts look like a region, an AMI id, a bucket.
//!
//! Only the form is judged here. Whether a region or an instance type exists is a matter of [facts](crate::facts).

/// A domain type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Domain {
    Region,
    Zone,
    AmiId,
    SnapshotId,
    InstanceType,
    AccountId,
    VpcId,
    SubnetId,
    SecurityGroupId,
    KmsKey,
    Arn,
    Cidr,
    Device,
    Path,
    IamProfile,
    S3Bucket,
}

use Domain::*;

impl Domain {
    /// All domain types with their names in the language.
    pub const ALL: [(Domain, &'static str); 16] = [
        (Region, "region"),
        (Zone, "zone"),
        (AmiId, "ami_id"),
        (SnapshotId, "snapshot_id"),
        (InstanceType, "instance_type"),
        (AccountId, "account_id"),
        (VpcId, "vpc_id"),
        (SubnetId, "subnet_id"),
        (SecurityGroupId, "security_group_id"),
        (KmsKey, "kms_key"),
        (Arn, "arn"),
        (Cidr, "cidr"),
        (Device, "device"),
        (Path, "path"),
        (IamProfile, "iam_profile"),
        (S3Bucket, "s3_bucket"),
    ];

    /// The name in the language.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The domain of a name.
    pub fn find(name: &str) -> Option<Domain> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(d, _)| *d)
    }

    /// A text of this form, for documentation.
    pub fn example(self) -> &'static str {
        match self {
            Region => "us-east-1",
            Zone => "us-east-1a",
            AmiId => "ami-0123456789abcdef0",
            SnapshotId => "snap-0123456789abcdef0",
            InstanceType => "m5.large",
            AccountId => "123456789012",
            VpcId => "vpc-0123456789abcdef0",
            SubnetId => "subnet-0123456789abcdef0",
            SecurityGroupId => "sg-0123456789abcdef0",
            KmsKey => "alias/images",
            Arn => "arn:aws:iam::123456789012:role/images",
            Cidr => "10.0.0.0/16",
            Device => "/dev/sdf",
            Path => "files/example",
            IamProfile => "builder",
            S3Bucket => "example-images/web",
        }
    }

    /// Judges the form of a text.
    ///
    /// # Errors
    /// What such a text looks like, in words that fit behind "expected".
    pub fn check(self, text: &str) -> Result<(), &'static str> {
        let (right, expected) = match self {
            Region => (region(text), "a region such as `us-east-1`"),
            Zone => (zone(text), "an availability zone such as `us-east-1a`"),
            AmiId => (id(text, "ami-"), "`ami-` and 8 or 17 hexadecimal digits"),
            SnapshotId => (id(text, "snap-"), "`snap-` and 8 or 17 hexadecimal digits"),
            VpcId => (id(text, "vpc-"), "`vpc-` and 8 or 17 hexadecimal digits"),
            SubnetId => (id(text, "subnet-"), "`subnet-` and 8 or 17 hexadecimal digits"),
            SecurityGroupId => (id(text, "sg-"), "`sg-` and 8 or 17 hexadecimal digits"),
            InstanceType => (instance_type(text), "an instance type such as `m5.large`"),
            AccountId => (account(text), "an account id of 12 digits"),
            KmsKey => (kms_key(text), "a KMS key: an id, `mrk-…`, `alias/…` or an ARN"),
            Arn => (arn(text), "an ARN such as `arn:aws:iam::123456789012:role/name`"),
            Cidr => (text.parse::<ipnet::IpNet>().is_ok(), "a CIDR block such as `10.0.0.0/16`"),
            Device => (device(text), "a device name such as `/dev/sda1` or `xvdf`"),
            Path => (!text.is_empty() && !text.contains('\0'), "a path"),
            IamProfile => {
                (!text.is_empty() && !text.contains(char::is_whitespace), "the name or ARN of an instance profile")
            }
            S3Bucket => return bucket(text),
        };
        if right { Ok(()) } else { Err(expected) }
    }
}

fn region(text: &str) -> bool {
    let mut parts = text.rsplit('-');
    parts.next().is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        && text.matches('-').count() >= 2
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn zone(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_lowercase()) && region(text.trim_end_matches(|c: char| c.is_ascii_lowercase()))
        || text.matches('-').count() > 3
}

fn id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|hex| {
        matches!(hex.len(), 8 | 17) && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

fn instance_type(text: &str) -> bool {
    let word = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    text.split_once('.').is_some_and(|(family, size)| word(family) && word(size))
}

/// Packer strips dashes from account ids (`1234-5678-9012`), so they are let through.
fn account(text: &str) -> bool {
    let digits = text.bytes().filter(|b| *b != b'-');
    digits.clone().count() == 12 && digits.clone().all(|b| b.is_ascii_digit())
}

fn kms_key(text: &str) -> bool {
    let uuid = |t: &str| {
        t.len() == 36
            && t.bytes().enumerate().all(|(i, b)| match i {
                8 | 13 | 18 | 23 => b == b'-',
                _ => b.is_ascii_hexdigit(),
            })
    };
    let name = |t: &str| {
        !t.is_empty()
            && t.len() <= 250
            && t.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-'))
    };
    let multi =
        |t: &str| t.strip_prefix("mrk-").is_some_and(|h| h.len() == 32 && h.bytes().all(|b| b.is_ascii_hexdigit()));
    if text.is_empty() {
        return true; // the account's default key
    }
    if arn(text) {
        let resource = text.splitn(6, ':').nth(5).unwrap_or("");
        return text.split(':').nth(2) == Some("kms")
            && (resource.strip_prefix("key/").is_some_and(|k| uuid(k) || multi(k))
                || resource.strip_prefix("alias/").is_some_and(name));
    }
    uuid(text) || multi(text) || text.strip_prefix("alias/").is_some_and(name)
}

fn arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    parts.len() == 6 && parts[0] == "arn" && parts[1].starts_with("aws") && !parts[2].is_empty() && !parts[5].is_empty()
}

fn device(text: &str) -> bool {
    let name = text.strip_prefix("/dev/").unwrap_or(text);
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric())
        && name.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
}

/// The host part of a bucket: what stands before the first `/`. A name with dots works in no `https` address of S3, and
/// underscores and capitals in none at all; Packer finds that only when the upload fails.
fn bucket(text: &str) -> Result<(), &'static str> {
    let host = text.split('/').next().unwrap_or(text);
    if host.contains('.') {
        return Err("a bucket name without dots: they break the upload over https");
    }
    let right = (3..=63).contains(&host.len())
        && host.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !host.starts_with('-')
        && !host.ends_with('-');
    if right {
        Ok(())
    } else {
        Err("a bucket name of 3 to 63 lower-case letters, digits and `-`, then perhaps a `/folder`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_variants_stand_in_one_order() {
        for (domain, name) in Domain::ALL {
            assert_eq!(domain.name(), name);
            assert_eq!(Domain::find(name), Some(domain));
            assert_eq!(domain.check(domain.example()), Ok(()), "{name}");
        }
    }

    #[test]
    fn forms() {
        for (domain, right, wrong) in [
            (AmiId, "ami-2aa0ba42", "ami-2aa0ba4"),
            (AmiId, "ami-0123456789abcdef0", "ami-2aa0ba4g"),
            (Region, "us-gov-west-1", "us-east"),
            (Zone, "us-east-1a", "us-east-1"),
            (Zone, "us-west-2-lax-1a", "west"),
            (AccountId, "123456789012", "12345678901"),
            (AccountId, "1234-5678-9012", "1234-5678-901x"),
            (KmsKey, "alias/boot", "boot"),
            (KmsKey, "mrk-0123456789abcdef0123456789abcdef", "mrk-1"),
            (KmsKey, "arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef", "arn:aws:s3:::x"),
            (Cidr, "10.0.0.0/8", "10.0.0.0/99"),
            (Device, "/dev/sda1", "dev/sda1"),
            (Device, "xvdf", "/dev/"),
            (S3Bucket, "comboami-2-6-3-us-east-1/x.y_z", "comboami-2.6.3-us-east-1/x"),
            (S3Bucket, "abc", "Abc"),
        ] {
            assert!(domain.check(right).is_ok(), "{right}");
            assert!(domain.check(wrong).is_err(), "{wrong}");
        }
    }
}

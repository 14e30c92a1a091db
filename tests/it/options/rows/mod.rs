//! The table: a row for each option of `amazon-ebs`, and a further one where an option is honoured in two ways, as on both markets. To
//! add one: its name, two values, and where the difference is seen.

mod access;
mod bastion;
mod connection;
mod devices;
mod image;
mod launch;
mod machine;
mod network;
mod spot;

use serde_json::{Value, json};

use super::observed::merged;
use super::{Row, Seen};

/// Options that bakec refuses by name, with a value that is refused, as JSON.
pub(crate) const REFUSED: &[(&str, &str)] = &[
    ("vault_aws_engine", r#"{ "name": "builder" }"#),
    ("session_manager_port", "8001"),
    ("pause_before_ssm", r#""5s""#),
    ("windows_password_timeout", r#""5m""#),
    ("winrm_username", r#""me""#),
    ("winrm_password", r#""secret""#),
    ("winrm_host", r#""10.0.0.1""#),
    ("winrm_no_proxy", "true"),
    ("winrm_port", "5985"),
    ("winrm_timeout", r#""5m""#),
    ("winrm_use_ssl", "true"),
    ("winrm_insecure", "true"),
    ("winrm_use_ntlm", "true"),
];

fn row(option: &'static str, with: Value, a: Value, b: Value, seen: Seen) -> Row {
    Row { option, with, a, b, seen, faults: &[], again: false, furnished: false }
}

/// An option that needs no other.
fn alone(option: &'static str, a: Value, b: Value, seen: Seen) -> Row {
    row(option, json!({}), a, b, seen)
}

/// Rows of machines of the spot market.
fn on_spot(rows: Vec<Row>) -> Vec<Row> {
    let spot = |row: Row| Row { with: merged(json!({ "spot_price": "auto" }), row.with.clone()), ..row };
    rows.into_iter().map(spot).collect()
}

/// Rows of machines on demand, and the same of the spot market.
fn on_both_markets(rows: Vec<Row>) -> Vec<Row> {
    [rows.clone(), on_spot(rows)].concat()
}

/// Rows of builds that end with the machine: no image is waited for.
fn without_image(rows: Vec<Row>) -> Vec<Row> {
    let without = |row: Row| Row { with: merged(json!({ "skip_create_ami": true }), row.with.clone()), ..row };
    rows.into_iter().map(without).collect()
}

/// Rows of accounts that have more than what every account has.
fn furnished(rows: Vec<Row>) -> Vec<Row> {
    rows.into_iter().map(|row| Row { furnished: true, ..row }).collect()
}

pub(crate) fn rows() -> Vec<Row> {
    let account = [access::session(), access::role(), access::waiting()].concat();
    let image = [image::image(), image::encrypted(), image::fast_launch(), image::tags(), devices::devices()].concat();
    let machine = [machine::machine(), launch::launch(), spot::spot(), network::network()].concat();
    let connection = [connection::connection(), connection::keys(), bastion::bastion(), bastion::proxy()].concat();
    [account, image, without_image(machine), connection].concat()
}

//! template

/// placeholder until the branch lands
#[derive(Clone, Debug)]
pub struct Action;

//! A map in the order of insertion, of which clones share what neither has changed.
//!
//! A call works on a world of its own, which takes the old one's place only where the call succeeds: with thousands of things in it
//! that is only quick where few of them are copied. It knows nothing of what it holds.

use rpds::{HashTrieMapSync, RedBlackTreeMapSync};

/// The map; its keys are ids or names.
#[derive(Clone, Debug)]
pub(crate) struct Table<V> {
    /// Where each is in the order.
    places: HashTrieMapSync<String, u64>,
    all: RedBlackTreeMapSync<u64, (String, V)>,
    /// The place of the next one.
    next: u64,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Table { places: HashTrieMapSync::new_sync(), all: RedBlackTreeMapSync::new_sync(), next: 0 }
    }
}

impl<V> Table<V> {
    pub(crate) fn len(&self) -> usize {
        self.all.size()
    }

    pub(crate) fn contains_key(&self, key: &str) -> bool {
        self.places.contains_key(key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&V> {
        self.all.get(self.places.get(key)?).map(|(_, value)| value)
    }

    pub(crate) fn keys(&self) -> impl DoubleEndedIterator<Item = &String> {
        self.all.values().map(|(key, _)| key)
    }

    pub(crate) fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.all.values().map(|(_, value)| value)
    }
}

impl<V: Clone> Table<V> {
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        self.all.get_mut(self.places.get(key)?).map(|(_, value)| value)
    }

    /// Puts a value in: at the end, or in the place of the one that has the key.
    pub(crate) fn insert(&mut self, key: String, value: V) {
        let place = self.place(&key);
        self.all.insert_mut(place, (key, value));
    }

    /// Takes a value out.
    pub(crate) fn remove(&mut self, key: &str) -> Option<V> {
        let place = *self.places.get(key)?;
        self.places.remove_mut(key);
        let value = self.all.get(&place).map(|(_, value)| value.clone());
        self.all.remove_mut(&place);
        value
    }

    fn place(&mut self, key: &str) -> u64 {
        if let Some(place) = self.places.get(key) {
            return *place;
        }
        let place = self.next;
        self.next += 1;
        self.places.insert_mut(key.to_owned(), place);
        place
    }
}

impl<V: Clone + Default> Table<V> {
    /// The value of a key, which is there from now on.
    pub(crate) fn or_default(&mut self, key: &str) -> &mut V {
        let place = self.place(key);
        if !self.all.contains_key(&place) {
            self.all.insert_mut(place, (key.to_owned(), V::default()));
        }
        &mut self.all.get_mut(&place).expect("invariant: it was put in").1
    }
}

impl<V: Clone> Extend<(String, V)> for Table<V> {
    fn extend<I: IntoIterator<Item = (String, V)>>(&mut self, all: I) {
        for (key, value) in all {
            self.insert(key, value);
        }
    }
}

impl<V: Clone> FromIterator<(String, V)> for Table<V> {
    fn from_iter<I: IntoIterator<Item = (String, V)>>(all: I) -> Self {
        let mut table = Table::default();
        table.extend(all);
        table
    }
}

impl<V: Clone> IntoIterator for Table<V> {
    type Item = (String, V);
    type IntoIter = std::vec::IntoIter<(String, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.values().cloned().collect::<Vec<_>>().into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_the_order_and_a_clone_keeps_what_it_had() {
        let mut table: Table<u32> =
            [("b", 1), ("a", 2), ("c", 3)].map(|(k, v)| (k.to_owned(), v)).into_iter().collect();
        let before = table.clone();
        table.insert("a".to_owned(), 4);
        *table.get_mut("b").expect("it is there") += 10;
        *table.or_default("d") += 5;
        assert_eq!((table.remove("c"), table.remove("c"), table.get("c")), (Some(3), None, None));
        let all = |table: &Table<u32>| {
            (table.keys().cloned().collect::<Vec<_>>().concat(), table.values().copied().collect::<Vec<_>>())
        };
        assert_eq!(all(&table), ("bad".to_owned(), vec![11, 4, 5]));
        assert_eq!(all(&before), ("bac".to_owned(), vec![1, 2, 3]));
        assert!(table.contains_key("d") && !table.contains_key("c") && table.len() == 3);
    }
}

//! The part of the protocol's filters that is asked for: comparisons joined by `and`.

use serde_json::{Map, Value};

/// Comparisons that all must hold.
#[derive(Debug)]
pub(super) struct Filter(Vec<Comparison>);

#[derive(Debug)]
struct Comparison {
    property: String,
    operator: Operator,
    value: Literal,
}

#[derive(Debug, Clone, Copy)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    GreaterOrEqual,
}

#[derive(Debug)]
enum Literal {
    Text(String),
    Int64(i64),
}

impl Filter {
    /// Reads `A ne 'b' and C le 5L`; an empty text filters nothing.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self(Vec::new()));
        }
        let comparisons = text.split(" and ").map(|comparison| {
            let mut words = comparison.splitn(3, ' ');
            let property = words.next()?.to_owned();
            let operator = match words.next()? {
                "eq" => Operator::Equal,
                "ne" => Operator::NotEqual,
                "lt" => Operator::Less,
                "le" => Operator::LessOrEqual,
                "ge" => Operator::GreaterOrEqual,
                _ => return None,
            };
            Some(Comparison {
                property,
                operator,
                value: literal(words.next()?)?,
            })
        });
        comparisons.collect::<Option<Vec<_>>>().map(Self)
    }

    /// The one partition that it names, where it does.
    pub(super) fn partition(&self) -> Option<&str> {
        let mut named = self.0.iter().filter_map(|comparison| {
            match (
                comparison.property.as_str(),
                comparison.operator,
                &comparison.value,
            ) {
                ("PartitionKey", Operator::Equal, Literal::Text(text)) => Some(text.as_str()),
                _ => None,
            }
        });
        named.next()
    }

    pub(super) fn passes(&self, entity: &Map<String, Value>) -> bool {
        self.0.iter().all(|comparison| comparison.holds(entity))
    }
}

fn literal(text: &str) -> Option<Literal> {
    if let Some(quoted) = text.strip_prefix('\'') {
        return Some(Literal::Text(quoted.strip_suffix('\'')?.replace("''", "'")));
    }
    text.strip_suffix('L')?.parse().ok().map(Literal::Int64)
}

impl Comparison {
    /// Whether it holds; not where the property is missing or of another type.
    fn holds(&self, entity: &Map<String, Value>) -> bool {
        let found = entity.get(&self.property).and_then(Value::as_str);
        let is_int64 = entity.contains_key(&format!("{}@odata.type", self.property));
        let ordering = match (&self.value, found) {
            (Literal::Text(text), Some(found)) if !is_int64 => found.cmp(text.as_str()),
            (Literal::Int64(number), Some(found)) if is_int64 => match found.parse::<i64>() {
                Ok(found) => found.cmp(number),
                Err(_) => return false,
            },
            _ => return false,
        };
        match self.operator {
            Operator::Equal => ordering.is_eq(),
            Operator::NotEqual => ordering.is_ne(),
            Operator::Less => ordering.is_lt(),
            Operator::LessOrEqual => ordering.is_le(),
            Operator::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

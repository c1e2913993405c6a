//! Search, within HubSpot's limits.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm>

mod filter;
mod sort;

use serde::Deserialize;

use self::{filter::Filter, sort::Sort};
use crate::{
    Switches,
    model::{Account, Contact, Object, Properties, Rejection, Text},
};

const MAX_GROUPS: usize = 5;
const MAX_FILTERS_IN_GROUP: usize = 6;
const MAX_FILTERS: usize = 18;
const MAX_SORTS: usize = 1;
const MAX_PER_PAGE: usize = 200;
const MAX_RESULTS: usize = 10_000;

/// The body of a search. Everything is optional, as in the examples of HubSpot's guide.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Search {
    filter_groups: Vec<Object<FilterGroup>>,
    sorts: Vec<Sort>,
    query: Option<Text>,
    pub(crate) properties: Vec<String>,
    limit: Option<usize>,
    after: Option<After>,
}

#[derive(Debug, Deserialize)]
struct FilterGroup {
    filters: Vec<Object<Filter>>,
}

/// HubSpot's guide shows the offset as a string, its older examples as a number.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum After {
    Text(String),
    Number(usize),
}

/// One page of the results.
#[derive(Debug)]
pub(crate) struct SearchPage {
    pub(crate) total: usize,
    pub(crate) contacts: Vec<Contact>,
    pub(crate) next: Option<usize>,
}

/// Searches the contacts, as they were before the lag of search.
pub(crate) fn search(
    account: &Account,
    switches: &Switches,
    search: &Search,
) -> Result<SearchPage, Rejection> {
    let limit = search.limit.unwrap_or(10);
    let offset = offset(search)?;
    check_limits(search, limit, offset)?;
    let properties = &account.properties;
    // Filters and sorts are checked before anything is searched, because invalid ones reject the request.
    let mut filters = search.filter_groups.iter().flat_map(|group| &group.0.filters);
    filters.try_for_each(|filter| filter.0.check(properties, switches))?;
    let sort = search
        .sorts
        .first()
        .map(|sort| sort.checked(properties, switches))
        .transpose()?;
    let mut matching = account.search_lag.visible(account.contacts());
    matching.retain(|contact| is_match(properties, search, contact));
    match sort {
        Some(sort) => sort.apply(&mut matching),
        None => matching.sort_by_key(|contact| (contact.created_at, contact.id)),
    }
    let total = matching.len();
    let contacts: Vec<Contact> = matching.into_iter().skip(offset).take(limit).cloned().collect();
    let end = offset + contacts.len();
    Ok(SearchPage {
        total,
        contacts,
        next: (end < total).then_some(end),
    })
}

fn offset(search: &Search) -> Result<usize, Rejection> {
    match &search.after {
        None => Ok(0),
        Some(After::Number(offset)) => Ok(*offset),
        Some(After::Text(text)) if text.is_empty() => Ok(0),
        Some(After::Text(text)) => text
            .parse()
            .map_err(|_| rejection(format!("Invalid paging offset '{text}'."))),
    }
}

fn check_limits(search: &Search, limit: usize, offset: usize) -> Result<(), Rejection> {
    let filters = |group: &Object<FilterGroup>| group.0.filters.len();
    let total: usize = search.filter_groups.iter().map(filters).sum();
    if search.filter_groups.len() > MAX_GROUPS {
        return Err(rejection(format!(
            "The maximum number of filter groups is {MAX_GROUPS}."
        )));
    }
    if search
        .filter_groups
        .iter()
        .any(|group| filters(group) > MAX_FILTERS_IN_GROUP)
        || total > MAX_FILTERS
    {
        return Err(rejection(format!(
            "The maximum number of filters is {MAX_FILTERS_IN_GROUP} in a group and {MAX_FILTERS} in all."
        )));
    }
    if search.sorts.len() > MAX_SORTS {
        return Err(rejection(format!("The maximum number of sorts is {MAX_SORTS}.")));
    }
    if limit > MAX_PER_PAGE {
        return Err(rejection(format!("The maximum page size is {MAX_PER_PAGE}.")));
    }
    if offset.saturating_add(limit) > MAX_RESULTS {
        return Err(rejection(format!(
            "Paging through search stops at {MAX_RESULTS} results."
        )));
    }
    Ok(())
}

fn rejection(message: String) -> Rejection {
    Rejection::Search(message)
}

/// Whether a contact matches: every filter of at least one group holds, and the free text is found.
fn is_match(properties: &Properties, search: &Search, contact: &Contact) -> bool {
    let holds = |filter: &Object<Filter>| filter.0.matches(properties, contact);
    let group_matches = |group: &Object<FilterGroup>| group.0.filters.iter().all(holds);
    let in_groups = search.filter_groups.is_empty() || search.filter_groups.iter().any(group_matches);
    in_groups
        && search
            .query
            .as_ref()
            .is_none_or(|query| matches_query(contact, &query.0))
}

/// Whether every word of the free text is found. Unlike a filter on `email`, it also searches secondary addresses.
fn matches_query(contact: &Contact, query: &str) -> bool {
    const SEARCHED: [&str; 6] = [
        "firstname",
        "lastname",
        "email",
        "phone",
        "company",
        "hs_additional_emails",
    ];
    let texts: Vec<String> = SEARCHED
        .iter()
        .filter_map(|name| contact.value(name))
        .map(|text| text.to_lowercase())
        .collect();
    query
        .to_lowercase()
        .split_whitespace()
        .all(|word| texts.iter().any(|text| text.contains(word)))
}

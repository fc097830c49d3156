//! Organizations, domains, providers, users, groups, levels: the rules and their SQL.

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/manual: the sections of the manual that errors name.
 *
 * The form is that of a file and a heading in it, from the folder where
 * Gatehouse's documents lie: in the sources, and where they are installed.
 * tests/test_docs.py looks for the headings.
 */
#ifndef GATEHOUSE_POLICY_MANUAL_H
#define GATEHOUSE_POLICY_MANUAL_H

#define MANUAL_FORM       "docs/policy.md#the-form-of-a-file"
#define MANUAL_INCLUDE    "docs/policy.md#several-files"
#define MANUAL_ZONES      "docs/policy.md#zones"
#define MANUAL_NAMES      "docs/policy.md#names-lists-services"
#define MANUAL_HOURS      "docs/policy.md#hours"
#define MANUAL_RULES      "docs/policy.md#rules"
#define MANUAL_EXCEPTIONS "docs/policy.md#exceptions"
#define MANUAL_CONDITIONS "docs/policy.md#conditions"
#define MANUAL_RATES      "docs/policy.md#rates-and-connections"
#define MANUAL_BANDWIDTH  "docs/policy.md#bandwidth-and-quotas"
#define MANUAL_BANS       "docs/policy.md#bans"
#define MANUAL_OPTIONS    "docs/policy.md#options"
#define MANUAL_REPORTS    "docs/policy.md#reports"
#define MANUAL_PROXY      "docs/policy.md#the-proxy"
#define MANUAL_CONSOLE    "docs/policy.md#the-console"
#define MANUAL_DNS        "docs/policy.md#the-dns"
#define MANUAL_JOURNAL    "docs/policy.md#the-journal"
#define MANUAL_CACHE      "docs/policy.md#the-cache"
#define MANUAL_COMPRESS   "docs/policy.md#compression"
#define MANUAL_PRIVACY    "docs/policy.md#privacy"
#define MANUAL_USERS      "docs/policy.md#users"
#define MANUAL_SECURE     "docs/policy.md#secure-listeners"
#define MANUAL_INSPECTION "docs/policy.md#inspection"
#define MANUAL_SERVERS    "docs/policy.md#servers"
#define MANUAL_PARENTS    "docs/policy.md#parents"
#define MANUAL_PUBLISH    "docs/policy.md#publish-and-masquerade"
#define MANUAL_SOURCES    "docs/policy.md#sources"
#define MANUAL_MAPS       "docs/policy.md#maps"
#define MANUAL_FIREWALL   "docs/policy.md#the-firewall"
#define MANUAL_FLOWS      "docs/policy.md#flows"
#define MANUAL_TESTS      "docs/policy.md#tests"
#define MANUAL_LIMITS     "docs/policy.md#limits"

#endif

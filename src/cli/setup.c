/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include "base/text.h"
#include "cli/draft.h"
#include "cli/first_policy.h"

#include <stdio.h>
#include <string.h>

/* A line that somebody types; what is longer is no answer. */
#define ANSWER_BYTES_MAX 256

/* Whoever cannot answer in so many tries gets what is proposed. */
#define TRIES_MAX 3

struct dialogue {
	bool silent; /* everything as it is proposed */
	struct surroundings around;
	struct first_answers answers;
	struct text admins, services, destinations;
	char proposal[ANSWER_BYTES_MAX];
	char answer[ANSWER_BYTES_MAX];
};

/* True if the answer will do; what is wrong with it is said by it. */
typedef bool answer_fn(struct dialogue *dialogue, struct str answer);

static bool
read_answer(struct dialogue *dialogue, struct str *ret)
{
	if (fgets(dialogue->answer, sizeof(dialogue->answer), stdin) == NULL)
		return false;
	*ret = str_of(dialogue->answer);
	if (ret->len > 0 && ret->at[ret->len - 1] == '\n')
		ret->len--;
	*ret = str_trim(*ret);
	return true;
}

/* The questions go to standard error: standard output is the policy's. */
static void
ask(struct dialogue *dialogue, const char *question, answer_fn *take)
{
	struct str proposal = str_of(dialogue->proposal), answer;

	for (int i = 0; i < TRIES_MAX && !dialogue->silent; i++) {
		(void)fprintf(stderr, "%s [%s] ", question, dialogue->proposal);
		(void)fflush(stderr);
		if (!read_answer(dialogue, &answer)) {
			(void)fputc('\n', stderr);
			break;
		}
		if (answer.len == 0)
			break;
		if (take(dialogue, answer))
			return;
	}
	(void)take(dialogue, proposal);
}

static void
propose(struct dialogue *dialogue, struct str words)
{
	(void)snprintf(dialogue->proposal, sizeof(dialogue->proposal), "%.*s",
	    STR_ARG(words));
}

static bool
take_kind(struct dialogue *dialogue, struct str answer)
{
	uint64_t number;

	if (str_number(answer, FIRST_KIND_COUNT, &number) < 0 || number == 0) {
		(void)fputs("a number from 1 to 4\n", stderr);
		return false;
	}
	dialogue->answers.kind = (enum first_kind)(number - 1);
	if (dialogue->around.count >= 2 ||
	    dialogue->answers.kind == FIRST_HOST ||
	    dialogue->answers.kind == FIRST_SANDBOX)
		return true;
	(void)fputs("a gateway has two interfaces with addresses; this "
		    "machine has not\n",
	    stderr);
	return false;
}

static void
ask_kind(struct dialogue *dialogue)
{
	const struct surroundings *around = &dialogue->around;

	size_t others = 0;

	/* Who forwards for its containers alone is no gateway. */
	for (size_t i = 0; i < around->count; i++)
		others +=
		    i != around->outside && !around->interfaces[i].is_within;
	propose(dialogue,
	    around->forwards && others > 0 && around->outside < around->count
		? STR("2")
		: STR("1"));
	ask(dialogue,
	    "What is this machine?\n"
	    "  1  a machine that guards itself\n"
	    "  2  a gateway between an inside and an outside\n"
	    "  3  such a gateway with a proxy for the web\n"
	    "  4  a machine that may reach the web and little else\n"
	    "Which?",
	    take_kind);
}

static bool
take_outside(struct dialogue *dialogue, struct str answer)
{
	for (size_t i = 0; i < dialogue->around.count; i++) {
		if (str_is(answer, dialogue->around.interfaces[i].name)) {
			dialogue->answers.outside = i;
			return true;
		}
	}
	(void)fputs("one of:", stderr);
	for (size_t i = 0; i < dialogue->around.count; i++)
		(void)fprintf(
		    stderr, " %s", dialogue->around.interfaces[i].name);
	(void)fputc('\n', stderr);
	return false;
}

static void
ask_outside(struct dialogue *dialogue)
{
	const struct surroundings *around = &dialogue->around;
	size_t proposed = around->outside < around->count ? around->outside : 0;

	dialogue->answers.outside = around->count;
	if (dialogue->answers.kind != FIRST_GATEWAY &&
	    dialogue->answers.kind != FIRST_PROXY)
		return;
	propose(dialogue, str_of(around->interfaces[proposed].name));
	ask(dialogue, "Which interface leads outside?", take_outside);
}

/* "198.51.100.7 10.0.0.0/24" or with commas, or "any". */
static bool
read_addresses(struct str answer, struct text *ret)
{
	struct address_range range;
	const char *why;

	text_clear(ret);
	if (str_is(answer, "any")) {
		text_add(ret, answer);
		return true;
	}
	while (answer.len > 0) {
		size_t len = 0;
		while (len < answer.len && answer.at[len] != ' ' &&
		       answer.at[len] != ',')
			len++;
		struct str one = { answer.at, len };
		answer = str_skip(answer, len + 1);
		if (one.len == 0)
			continue;
		if (address_range_parse(one, &range, &why) < 0) {
			(void)fprintf(stderr,
			    "'%.*s' is no address; write 192.0.2.7, "
			    "192.0.2.0/24, or any\n",
			    STR_ARG(one));
			return false;
		}
		text_addf(
		    ret, "%s%.*s", ret->len > 0 ? ", " : "", STR_ARG(one));
	}
	return ret->len > 0;
}

static bool
is_among(struct str list, struct address address)
{
	struct address_range range;
	const char *why;

	while (list.len > 0)
		if (address_range_parse(
			str_trim(str_cut(&list, ',')), &range, &why) == 0 &&
		    address_range_has(&range, address))
			return true;
	return false;
}

/* Whoever sits here comes in again, whatever he answers. */
static bool
take_admins(struct dialogue *dialogue, struct str answer)
{
	const struct surroundings *around = &dialogue->around;
	char word[ADDRESS_TEXT_BYTES];
	struct address own;

	if (!read_addresses(answer, &dialogue->admins))
		return false;
	if (!around->has_session || str_is(answer, "any"))
		return true;
	own = around->session.client.address;
	if (is_among(text_str(&dialogue->admins), own))
		return true;
	(void)address_format(own, word);
	text_addf(&dialogue->admins, ", %s", word);
	if (!dialogue->silent)
		(void)fprintf(
		    stderr, "and %s, from where you are here\n", word);
	return true;
}

/* As long as there is room for it. */
static void
propose_also(struct dialogue *dialogue, const char *word)
{
	size_t len = strlen(dialogue->proposal);

	if (len + strlen(word) + sizeof(", ") > sizeof(dialogue->proposal))
		return;
	(void)snprintf(dialogue->proposal + len,
	    sizeof(dialogue->proposal) - len, "%s%s", len > 0 ? ", " : "",
	    word);
}

/* A neighbour's network, if it is none of strangers: his address may be another
 * tomorrow. */
static bool
is_near(const struct dialogue *dialogue, size_t interface,
    const struct address_range *network)
{
	const struct surroundings *around = &dialogue->around;

	return address_range_has(network, around->session.client.address) &&
	       (dialogue->answers.kind == FIRST_GATEWAY ||
			   dialogue->answers.kind == FIRST_PROXY
		       ? first_policy_is_inside(
			     around, &dialogue->answers, interface)
		       : surroundings_is_private(network->first));
}

/* Where whoever asks has come from; of a gateway, the inside as well. */
static void
propose_admins(struct dialogue *dialogue)
{
	const struct surroundings *around = &dialogue->around;
	/* A link-local neighbour has another name tomorrow. */
	bool known = around->has_session &&
		     !address_is_local_scope(around->session.client.address);
	char word[ADDRESS_RANGE_TEXT_BYTES];
	bool near = false;

	dialogue->proposal[0] = '\0';
	for (size_t i = 0; i < around->count; i++) {
		const struct surroundings_interface *one =
		    &around->interfaces[i];
		for (size_t j = 0; j < one->count; j++) {
			bool here =
			    known && is_near(dialogue, i, &one->networks[j]);
			near |= here;
			if (here || first_policy_is_inside(
					around, &dialogue->answers, i))
				propose_also(
				    dialogue, address_range_format(
						  &one->networks[j], word));
		}
	}
	if (known && !near)
		propose_also(dialogue,
		    address_format(around->session.client.address, word));
	/* Whoever sits at the console has not said where he comes from. */
	if (dialogue->proposal[0] == '\0' || (around->has_session && !known))
		propose(dialogue, STR("any"));
}

static void
ask_admins(struct dialogue *dialogue)
{
	propose_admins(dialogue);
	ask(dialogue,
	    "From which addresses may this machine be reached by ssh?",
	    take_admins);
}

static void
print_ports(const struct surroundings *around,
    const struct surroundings_ports *ports, const char *protocol, bool tcp,
    struct text *out)
{
	const char *before = protocol;

	for (size_t i = 0; i < ports->count; i++) {
		if (tcp &&
		    (ports->at[i] == 22 ||
			(around->has_session &&
			    ports->at[i] == around->session.server.port)))
			continue;
		text_addf(out, "%s%s %u",
		    before == protocol && out->len > 0 ? ", " : "", before,
		    ports->at[i]);
		before = ",";
	}
}

/* "tcp 80, 443, udp 53", "none" */
static bool
take_services(struct dialogue *dialogue, struct str answer)
{
	struct str rest = answer;
	bool tcp = false;

	text_clear(&dialogue->services);
	if (str_is(answer, "none"))
		return true;
	while (rest.len > 0) {
		struct str one = str_trim(str_cut(&rest, ',')), port = one;
		struct str protocol = str_cut(&port, ' ');
		uint64_t number;
		if (port.at == NULL)
			port = protocol;
		else
			tcp =
			    str_is(protocol, "tcp") || str_is(protocol, "udp");
		if (!tcp ||
		    str_number(str_trim(port), UINT16_MAX, &number) < 0 ||
		    number == 0) {
			(void)fputs("write them like tcp 80, 443, udp 53, or "
				    "none\n",
			    stderr);
			return false;
		}
		text_addf(&dialogue->services, "%s%.*s",
		    dialogue->services.len > 0 ? ", " : " ", STR_ARG(one));
	}
	return true;
}

static void
ask_services(struct dialogue *dialogue)
{
	const struct surroundings *around = &dialogue->around;
	bool inside = dialogue->answers.kind == FIRST_GATEWAY ||
		      dialogue->answers.kind == FIRST_PROXY;
	struct text listening = TEXT_EMPTY;

	print_ports(around, &around->tcp, "tcp", true, &listening);
	print_ports(around, &around->udp, "udp", false, &listening);
	/* A sandbox has nothing for others unless somebody says so. */
	propose(dialogue,
	    listening.len > 0 && dialogue->answers.kind != FIRST_SANDBOX
		? text_str(&listening)
		: STR("none"));
	ask(dialogue,
	    inside ? "Which services of this machine are for those inside?"
		   : "Which services of this machine are for everybody?",
	    take_services);
	text_fini(&listening);
}

static bool
take_intercept(struct dialogue *dialogue, struct str answer)
{
	dialogue->answers.intercept = str_is(answer, "yes");
	if (dialogue->answers.intercept || str_is(answer, "no"))
		return true;
	(void)fputs("yes or no\n", stderr);
	return false;
}

static bool
take_destinations(struct dialogue *dialogue, struct str answer)
{
	return read_addresses(answer, &dialogue->destinations);
}

static void
ask_last(struct dialogue *dialogue)
{
	if (dialogue->answers.kind == FIRST_PROXY) {
		propose(dialogue, STR("yes"));
		ask(dialogue,
		    "Shall everybody's web go through the proxy, asked or not?",
		    take_intercept);
	} else if (dialogue->answers.kind == FIRST_SANDBOX) {
		propose(dialogue, STR("any"));
		ask(dialogue, "Whose web may it reach, by address?",
		    take_destinations);
	}
}

static enum status
setup(const struct options *options)
{
	struct dialogue dialogue = { .silent = options->yes };
	struct text policy = TEXT_EMPTY;
	int rc = surroundings_look(&dialogue.around);

	if (rc < 0) {
		complain("cannot see the interfaces: %s", strerror(-rc));
		return STATUS_WORLD;
	}
	if (dialogue.around.unnamed[0] != '\0')
		complain("no policy can name the interface '%s': it is in no "
			 "zone, and what comes by it is dropped",
		    dialogue.around.unnamed);
	ask_kind(&dialogue);
	ask_outside(&dialogue);
	ask_admins(&dialogue);
	ask_services(&dialogue);
	ask_last(&dialogue);
	dialogue.answers.admins = text_str(&dialogue.admins);
	dialogue.answers.services = text_str(&dialogue.services);
	dialogue.answers.destinations = text_str(&dialogue.destinations);
	first_policy_write(&dialogue.around, &dialogue.answers, &policy);
	enum status status = draft_deliver(options->output, &policy);
	if (status == STATUS_GOOD && options->output != NULL)
		(void)fprintf(stderr, "read it, then: gatehouse check %s\n",
		    options->output);
	text_fini(&policy);
	text_fini(&dialogue.admins);
	text_fini(&dialogue.services);
	text_fini(&dialogue.destinations);
	return status;
}

const struct command command_setup = {
	.name = "setup",
	.usage = "[--yes] [-o FILE]",
	.summary = "write a first policy for this machine",
	.help =
	    "Looks at this machine (its interfaces and addresses, its default "
	    "route,\n"
	    "on which ports it is listened, whether it forwards, from where "
	    "you are\n"
	    "logged in by ssh), asks five questions at most, and writes a "
	    "policy.\n"
	    "Enter takes what stands in brackets.  Nothing else is changed.\n"
	    "\n"
	    "The policy locks nobody out: ssh is allowed by its first rule "
	    "from where\n"
	    "you are, whatever is answered.  Comments in it say what each "
	    "part is for.\n"
	    "\n"
	    "  gatehouse setup -o first.policy\n"
	    "  gatehouse setup --yes\n"
	    "\n"
	    "Status 0: written. 3: the file is there already, or cannot be "
	    "written.\n",
	.takes = OPTION_OUTPUT | OPTION_YES,
	.words_min = 0,
	.words_max = 0,
	.run = setup,
};

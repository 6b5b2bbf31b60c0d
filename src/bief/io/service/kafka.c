/*
 * kafka: see kafka.h.  librdkafka reports what is wrong with brokers aside, by
 * a call back from poll(), while the calls that fail say little more than
 * "timed out": so the last such report is kept for the message.
 */
#include "io/service/kafka.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "time/duration.h"
#include "time/time.h"
#include "io/file.h"
#include "io/textfile.h"

#define SLICE_MS 200
#define SLICE_MOST_MS 1600
#define PAUSE_MS 50
#define CLOSE_S 2
#define TELL_US TIME_SECOND /* that long it is nobody's concern */

struct kafka_calls kafka;

#define KAFKA_NAME(name) "rd_kafka_" #name,
static const struct dl library = {DL_RDKAFKA, "topics of Kafka",
	(const char *const[]){KAFKA_CALLS(KAFKA_NAME) NULL}};

/* ---- properties ---- */

static size_t
name_length(const char *property)
{
	return strcspn(property, "=");
}

static bool
is_named(const char *property, const char *name)
{
	size_t n = name_length(property);

	return strlen(name) == n && memcmp(property, name, n) == 0;
}

bool
kafka_conf_has(const struct kafka_conf *c, const char *name)
{
	for (size_t i = 0; i < c->user.n; i++)
		if (is_named(c->user.s[i], name))
			return true;
	return false;
}

/* from: where it was said, for messages. */
static int
add_property(struct kafka_conf *c, const char *text, const char *from,
	const char *const *own, struct err *err)
{
	size_t n = name_length(text);

	if (text[n] != '=' || n == 0)
		return err_as(err, STATUS_USAGE,
			"%s: '%s' is no property: "
			"write name=value, as in security.protocol=ssl",
			from, text);
	for (; *own != NULL; own++)
		if (is_named(text, *own))
			return err_as(err, STATUS_USAGE,
				"%s: '%s' is for the "
				"program to set, see its page",
				from, *own);
	list_add(&c->user, text, false);
	return 0;
}

/* One a line, as other clients of Kafka have them; '#' begins a comment. */
static int
read_properties(struct kafka_conf *c, const char *file, const char *const *own,
	struct err *err)
{
	struct textfile f;
	const char *line;
	char *text, *p;
	size_t n;
	int rc = textfile_open(&f, file, 0, NULL, err);

	while (rc == 0 && (rc = textfile_line(&f, &line, &n, err)) > 0) {
		text = mem_dup(line, n);
		for (p = text + n; p > text && strchr(" \t\r", p[-1]); p--)
			p[-1] = '\0';
		p = text + strspn(text, " \t");
		rc = *p == '#' || *p == '\0'
			? 0
			: add_property(c, p, file, own, err);
		free(text);
	}
	textfile_release(&f);
	if (rc < 0 && err->status != STATUS_USAGE)
		err->status = STATUS_USAGE;
	return rc;
}

static int
set_property(struct kafka_conf *c, const char *name, const char *value,
	const char *from, struct err *err)
{
	char why[300];

	if (kafka.conf_set(c->conf, name, value, why, sizeof(why)) ==
		RD_KAFKA_CONF_OK)
		return 0;
	return err_as(err, STATUS_USAGE, "%s%s: %s", from, name, why);
}

static int
set_user_property(struct kafka_conf *c, const char *text, struct err *err)
{
	size_t n = name_length(text);
	char *name = mem_dup(text, n);
	int rc = set_property(c, name, text + n + 1, "-X ", err);

	free(name);
	return rc;
}

int
kafka_conf(struct kafka_conf *c, const struct list *properties,
	const char *file, const char *const *own, struct err *err)
{
	memset(c, 0, sizeof(*c));
	if (file != NULL && read_properties(c, file, own, err) < 0)
		return -1;
	for (size_t i = 0; i < properties->n; i++)
		if (add_property(c, properties->s[i], "-X", own, err) < 0)
			return -1;
	if (dl_open(&library, &kafka, err) < 0)
		return -1;
	c->conf = kafka.conf_new();
	for (size_t i = 0; i < c->user.n; i++)
		if (set_user_property(c, c->user.s[i], err) < 0)
			return -1;
	return kafka_set(c, "client.id", "bief", err);
}

int
kafka_set(struct kafka_conf *c, const char *name, const char *value,
	struct err *err)
{
	return kafka_conf_has(c, name) ? 0
				       : set_property(c, name, value, "", err);
}

int
kafka_set_number(
	struct kafka_conf *c, const char *name, int64_t value, struct err *err)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	return kafka_set(c, name, text, err);
}

void
kafka_conf_release(struct kafka_conf *c)
{
	if (c->conf != NULL)
		kafka.conf_destroy(c->conf);
	c->conf = NULL;
	list_free(&c->user);
}

/* ---- a handle ---- */

static void
on_error(rd_kafka_t *rk, int e, const char *reason, void *opaque)
{
	struct kafka_handle *k = opaque;

	if (e == RD_KAFKA_RESP_ERR__FATAL) {
		kafka.fatal_error(rk, k->reason, sizeof(k->reason));
		k->fatal = true;
	} else if (e != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !k->fatal) {
		snprintf(k->reason, sizeof(k->reason), "%s", reason);
	}
}

/* What it logs says no more than its errors do, and does so again and again. */
static void
on_log(const rd_kafka_t *rk, int level, const char *fac, const char *text)
{
	(void)rk, (void)level, (void)fac, (void)text;
}

int
kafka_open(struct kafka_handle *k, rd_kafka_type_t type, struct kafka_conf *c,
	struct err *err)
{
	char why[300];

	k->reason[0] = '\0';
	k->since_us = k->stop_us = 0;
	k->slice_ms = SLICE_MS;
	k->told = k->fatal = false;
	if (set_property(c, "bootstrap.servers", k->brokers, "", err) < 0)
		return -1;
	kafka.conf_set_opaque(c->conf, k);
	kafka.conf_set_error_cb(c->conf, on_error);
	if (!kafka_conf_has(c, "debug"))
		kafka.conf_set_log_cb(c->conf, on_log);
	k->rk = kafka.new(type, c->conf, why, sizeof(why));
	if (k->rk == NULL)
		return err_as(err, STATUS_USAGE,
			"cannot use these properties "
			"of librdkafka: %s",
			why);
	c->conf = NULL;
	return 0;
}

static void *
destroy(void *rk)
{
	kafka.destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	return NULL;
}

/* It waits for the library's threads, for ever where one of them does so, as
 * for a partition that has been deleted (2.0.2): a process must end all the
 * same. */
void
kafka_close(struct kafka_handle *k)
{
	struct timespec until;
	pthread_t thread;

	if (k->rk == NULL)
		return;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += CLOSE_S;
	if (pthread_create(&thread, NULL, destroy, k->rk) == 0 &&
		pthread_timedjoin_np(thread, NULL, &until) != 0)
		pthread_detach(thread);
	k->rk = NULL;
}

/* ---- again and again ---- */

int
kafka_slice(const struct kafka_handle *k)
{
	return k->slice_ms;
}

void
kafka_worked(struct kafka_handle *k)
{
	if (k->told && k->tell != NULL)
		k->tell(k->of, "the brokers answer again");
	k->told = false;
	k->since_us = 0;
	k->slice_ms = SLICE_MS;
	if (!k->fatal)
		k->reason[0] = '\0';
}

/* May it be another time what it is not now? */
static bool
passes(rd_kafka_resp_err_t e)
{
	switch (e) {
	case RD_KAFKA_RESP_ERR__TRANSPORT:
	case RD_KAFKA_RESP_ERR__TIMED_OUT:
	case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
	case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
	case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
	case RD_KAFKA_RESP_ERR__RESOLVE:
	case RD_KAFKA_RESP_ERR__WAIT_COORD:
	case RD_KAFKA_RESP_ERR__IN_PROGRESS:
	case RD_KAFKA_RESP_ERR__RETRY:
	case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
	case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
	case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
	case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
	case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
	case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
	case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
	case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
	case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
	case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
	case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
	case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
	case RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT:
	case RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS:
	case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
	case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
	case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
		return true;
	default:
		return false;
	}
}

static int
give_up(struct kafka_handle *k, const char *why, const char *doing,
	struct err *err)
{
	char patience[TIME_MAX];
	size_t n = duration_format(k->timeout_us, patience);

	return err_set(err,
		"cannot %s: no broker of '%s' has answered for "
		"%.*s: %s (is one up, and the address right? --timeout tells "
		"how long to try)",
		doing, k->brokers, (int)n, patience,
		k->reason[0] != '\0' ? k->reason : why);
}

/* The first complaint, when it begins to be long. */
static void
complain(struct kafka_handle *k, const char *why, const char *doing)
{
	char patience[TIME_MAX], text[700];
	size_t n = duration_format(k->timeout_us, patience);

	if (k->told || k->tell == NULL)
		return;
	k->told = true;
	if (k->timeout_us > 0)
		snprintf(text, sizeof(text),
			"cannot %s: %s: trying again for "
			"%.*s",
			doing, k->reason[0] != '\0' ? k->reason : why, (int)n,
			patience);
	else
		snprintf(text, sizeof(text), "cannot %s: %s: trying again",
			doing, k->reason[0] != '\0' ? k->reason : why);
	k->tell(k->of, text);
}

int
kafka_failed(struct kafka_handle *k, rd_kafka_resp_err_t e, const char *why,
	const char *doing, struct err *err)
{
	int64_t now = time_monotonic();

	kafka.poll(k->rk, PAUSE_MS); /* which learns the reason, too */
	if (why == NULL)
		why = kafka.err2str(e);
	if (k->fatal)
		why = k->reason;
	if (k->fatal || !passes(e))
		return err_set(err, "cannot %s: %s", doing, why);
	if (k->since_us == 0)
		k->since_us = now;
	if (file_stop && k->stop_us == 0)
		k->stop_us = now;
	/* Without grace who calls looks for signals itself. */
	if (file_stop && k->grace_us > 0 && now - k->stop_us >= k->grace_us)
		return err_set(err, "stopped, and could not %s: %s", doing,
			k->reason[0] != '\0' ? k->reason : why);
	if (k->timeout_us > 0 && now - k->since_us >= k->timeout_us)
		return give_up(k, why, doing, err);
	if (now - k->since_us >= TELL_US)
		complain(k, why, doing);
	/* A broker that is slow needs more time, one that is down none. */
	if (e == RD_KAFKA_RESP_ERR__TIMED_OUT && k->slice_ms < SLICE_MOST_MS)
		k->slice_ms *= 2;
	return 0;
}

int
kafka_error(struct kafka_handle *k, rd_kafka_error_t *e, const char *doing,
	struct err *err)
{
	char why[400];
	rd_kafka_resp_err_t code = kafka.error_code(e);
	int rc;

	snprintf(why, sizeof(why), "%s", kafka.error_string(e));
	if (kafka.error_is_fatal(e) || kafka.error_txn_requires_abort(e) ||
		(!kafka.error_is_retriable(e) && !passes(code)))
		rc = err_set(err, "cannot %s: %s", doing, why);
	else
		rc = kafka_failed(k,
			passes(code) ? code : RD_KAFKA_RESP_ERR__RETRY, why,
			doing, err);
	kafka.error_destroy(e);
	return rc;
}

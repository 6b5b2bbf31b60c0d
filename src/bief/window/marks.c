/*
 * marks: see marks.h. Three things are kept in state: the combined watermark,
 * the policy that it was made by, and that of each input.
 */
#include "window/marks.h"

#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "value/json.h"
#include "recovery/state/state.h"
#include "runtime/entry.h"
#include "runtime/stage.h"

#define HEAD 2 /* what stands before those of the inputs */

void
marks_init(struct marks *m, const struct plan *in, int n, enum policy policy)
{
	memset(m, 0, sizeof(*m));
	m->n = n;
	m->policy = policy;
	m->now = WATERMARK_NONE;
	for (int i = 0; i < n; i++) {
		m->has[i] = in[i].delay_us >= 0;
		m->idle_us[i] = in[i].idle_us;
		m->anew[i] = in[i].anew > in[i].committed;
	}
}

/* A begin or end line. */
static void
marks_put(struct marks *m, int input, const struct batch *b)
{
	int64_t fresh = b->watermark - b->lag_us;

	if (b->watermark != WATERMARK_NONE && fresh > m->at[input])
		m->at[input] = fresh;
	m->idle[input] = b->idle;
	if (b->time_us > m->heard[input])
		m->heard[input] = b->time_us;
}

/* An input has ended, others have a batch. */
static void
marks_ended(struct marks *m, int input, const struct batch *b)
{
	if (m->heard[input] == 0)
		m->heard[input] = b->time_us;
	if (m->idle_us[input] >= 0 &&
		b->time_us - m->heard[input] >= m->idle_us[input])
		m->idle[input] = true;
}

/* Does this one, which has ended, hold up the others for good?  True once. */
static bool
marks_hold(struct marks *m, int input)
{
	bool others = m->n > 1;

	if (m->told || !m->has[input] || m->idle_us[input] >= 0 ||
		m->policy == POLICY_MAX || m->at[input] > m->now)
		return false;
	for (int i = 0; i < m->n; i++)
		if (i != input && m->has[i] && m->at[i] <= m->at[input])
			others = false;
	m->told = others;
	return others;
}

void
marks_heard(struct marks *m, struct stage *st, int input, const struct batch *b)
{
	if (!b->last) {
		marks_put(m, input, b);
		return;
	}
	marks_ended(m, input, b);
	if (st->in.trigger == TRIGGER_INTERVAL && marks_hold(m, input))
		stage_warn(st,
			"'%s' has ended: its watermark stays and holds up "
			"that of the others; watermark --idle D on it lets them "
			"go on",
			st->operands[input]);
}

int64_t
marks_get(struct marks *m, struct batch *b)
{
	int64_t best = WATERMARK_NONE;

	b->idle = false;
	for (int i = 0; i < m->n; i++) {
		b->idle |= m->has[i];
		if (m->has[i] && !m->idle[i] &&
			(best == WATERMARK_NONE ||
				(m->policy == POLICY_MIN ? m->at[i] < best
							 : m->at[i] > best)))
			best = m->at[i];
	}
	b->idle &= best == WATERMARK_NONE;
	if (best != WATERMARK_NONE && best > m->now)
		m->now = best;
	b->watermark = m->now;
	b->lag_us = best == WATERMARK_NONE ? 0 : m->now - best;
	return m->now;
}

int
marks_save(const struct marks *m, struct stage *st, const char *key)
{
	size_t size = (size_t)(HEAD + m->n) * sizeof(int64_t);
	int64_t head[HEAD] = {m->now, m->policy};
	bool made;
	state_ref r = state_make(
		st->state, key, strlen(key), size, &made, st->err);
	char *p;

	if (r == STATE_NONE)
		return -1;
	p = state_change(st->state, r);
	memcpy(p, head, sizeof(head));
	memcpy(p + sizeof(head), m->at, size - sizeof(head));
	return 0;
}

int
marks_restore(struct marks *m, struct stage *st, const char *key)
{
	state_ref r = state_find(st->state, key, strlen(key));
	int64_t head[HEAD];
	const char *p;
	size_t n;

	if (r == STATE_NONE)
		return 0;
	p = state_value(st->state, r, &n);
	if (n != (size_t)(HEAD + m->n) * sizeof(int64_t))
		return err_as(st->err, STATUS_DAMAGED,
			"the watermarks in the checkpoint are not of this form");
	memcpy(head, p, sizeof(head));
	memcpy(m->at, p + sizeof(head), n - sizeof(head));
	m->now = head[0];
	if (head[1] != (int64_t)m->policy)
		stage_warn(st, "the checkpoint goes by --policy %s: that stays",
			head[1] == POLICY_MAX ? "max" : "min");
	m->policy = (enum policy)head[1];
	for (int i = 0; i < m->n; i++)
		if (m->anew[i])
			m->at[i] = 0;
	return 0;
}

/* ---- for bief state ---- */

static const char *const policies[] = {"min", "max"};

void
marks_show(const struct state *s, state_ref r, struct buf *out)
{
	int64_t head[HEAD], us;
	size_t n;
	const char *p = state_value(s, r, &n);

	memcpy(head, p, sizeof(head));
	entry_kind(out, "watermarks");
	buf_str(out, ",\"value\":{\"watermark\":");
	if (head[0] == WATERMARK_NONE)
		buf_str(out, "null");
	else
		entry_time(out, head[0]);
	buf_printf(out, ",\"policy\":\"%s\",\"inputs\":[",
		policies[head[1] == POLICY_MAX]);
	for (size_t at = sizeof(head); at < n; at += sizeof(us)) {
		memcpy(&us, p + at, sizeof(us));
		if (at > sizeof(head))
			buf_byte(out, ',');
		entry_time(out, us);
	}
	buf_str(out, "]}");
}

/* The inputs' own ones. */
static int
take_inputs(const struct marks *m, const struct value *list, int64_t *to,
	struct err *err)
{
	struct json_iter it;
	struct value key, v, number;
	int n = 0;

	json_iter(&it, list);
	while (json_next(&it, &key, &v)) {
		number = value_number(&v, false);
		if (n == m->n ||
			(value_get_time(&v, &to[n]) < 0 &&
				number.type != VALUE_INT))
			return entry_wrong(
				err, "inputs", "a time for each input");
		if (number.type == VALUE_INT)
			to[n] = number.i;
		n++;
	}
	return n == m->n ? 0
			 : entry_wrong(err, "inputs", "a time for each input");
}

int
marks_take(const struct marks *m, struct stage *st, const char *key,
	const struct value *object, state_ref *made)
{
	static const char *const names[] = {
		"watermark", "policy", "inputs", NULL};
	int64_t all[HEAD + MARKS_MAX] = {WATERMARK_NONE};
	struct value v, now, policy, list;

	if (entry_get_nested(object, "value", VALUE_OBJECT, &v, st->err) < 0 ||
		entry_only(&v, names, st->err) < 0 ||
		entry_get(&v, "watermark", &now, st->err) < 0 ||
		entry_get(&v, "policy", &policy, st->err) < 0 ||
		entry_get_nested(&v, "inputs", VALUE_ARRAY, &list, st->err) <
			0 ||
		take_inputs(m, &list, all + HEAD, st->err) < 0)
		return -1;
	if (now.type != VALUE_NULL &&
		entry_get_time(&v, "watermark", &all[0], st->err) < 0)
		return -1;
	all[1] = entry_is(&policy, policies[POLICY_MAX]) ? POLICY_MAX
							 : POLICY_MIN;
	if (!entry_is(&policy, policies[all[1]]))
		return entry_wrong(st->err, "policy", "min or max");
	return entry_put(st, key, strlen(key), all,
		(size_t)(HEAD + m->n) * sizeof(*all), made);
}

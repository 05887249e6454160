/* fiber.c - fibers by makecontext() and swapcontext(). The sanitizers and valgrind are told about
 * each change of the stack; without that they take it for an overflow. */
#include "base/fiber.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/obj.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN
#endif
#if __has_feature(thread_sanitizer)
#define FIBER_TSAN
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define FIBER_ASAN
#endif
#ifdef __SANITIZE_THREAD__
#define FIBER_TSAN
#endif
#ifdef FIBER_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef FIBER_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(from, to) 0u
#define VALGRIND_STACK_DEREGISTER(id) ((void)(id))
#endif

#define FIBER_MAGIC 0xf1be5a31u
struct fiber {
	struct obj obj;
	struct fiber_pool *pool;
	fiber_fn *fn;
	void *arg;
	bool done;
	uint8_t *map; /* the guard page, then the stack */
	size_t map_octets;
	unsigned valgrind_id;
	ucontext_t here, owner; /* where each side continues */
	/* for the sanitizers */
	void *here_fake, *owner_fake, *here_tsan, *owner_tsan;
	const void *owner_stack;
	size_t owner_stack_octets;
	SLIST_ENTRY(fiber) entry; /* among the spares */
};
OBJ_FIRST(struct fiber);

struct fiber_pool {
	unsigned max, used, spares_n;
	SLIST_HEAD(, fiber) spares;
};

/* -- what the sanitizers want to know. Inlined: a function that TSan saw begin on one stack must
 * end on the same. */

#define INLINED static inline __attribute__((always_inline))

INLINED void leave(void **fake, const void *stack, size_t octets, void *tsan)
{
#ifdef FIBER_ASAN
	__sanitizer_start_switch_fiber(fake, stack, octets);
#else
	(void)fake, (void)stack, (void)octets;
#endif
#ifdef FIBER_TSAN
	__tsan_switch_to_fiber(tsan, 0);
#else
	(void)tsan;
#endif
}

INLINED void arrive(void *fake, const void **stack, size_t *octets)
{
#ifdef FIBER_ASAN
	__sanitizer_finish_switch_fiber(fake, stack, octets);
#else
	(void)fake, (void)stack, (void)octets;
#endif
}

static void tsan_begin(struct fiber *f)
{
#ifdef FIBER_TSAN
	f->here_tsan = __tsan_create_fiber(0);
#else
	(void)f;
#endif
}

static void tsan_end(struct fiber *f)
{
#ifdef FIBER_TSAN
	__tsan_destroy_fiber(f->here_tsan);
#else
	(void)f;
#endif
}

static void *tsan_current(void)
{
#ifdef FIBER_TSAN
	return __tsan_get_current_fiber();
#else
	return NULL;
#endif
}

/* -- stacks */

static void stack_free(struct fiber *f)
{
	VALGRIND_STACK_DEREGISTER(f->valgrind_id);
	munmap(f->map, f->map_octets);
	free(f);
}

static struct fiber *stack_new(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct fiber *f = calloc(1, sizeof *f);
	void *map;

	if (!f) {
		return NULL;
	}
	f->map_octets = page + FIBER_STACK_OCTETS;
	map = mmap(NULL, f->map_octets, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (map == MAP_FAILED) {
		free(f);
		return NULL;
	}
	f->map = map;
	if (mprotect(f->map + page, FIBER_STACK_OCTETS, PROT_READ | PROT_WRITE) < 0) {
		munmap(map, f->map_octets);
		free(f);
		return NULL;
	}
	f->valgrind_id = VALGRIND_STACK_REGISTER(f->map + page, f->map + f->map_octets);
	return f;
}

/* A spare one, or a new one. */
static struct fiber *stack_take(struct fiber_pool *p)
{
	struct fiber *f = SLIST_FIRST(&p->spares);

	if (!f) {
		return stack_new();
	}
	SLIST_REMOVE_HEAD(&p->spares, entry);
	p->spares_n--;
	return f;
}

static uint8_t *stack_of(const struct fiber *f)
{
	return f->map + (f->map_octets - FIBER_STACK_OCTETS);
}

/* -- the pool */

int fiber_pool_new(struct fiber_pool **out, unsigned max)
{
	struct fiber_pool *p = calloc(1, sizeof *p);

	if (!p) {
		return ERR_NOMEM;
	}
	p->max = max;
	SLIST_INIT(&p->spares);
	*out = p;
	return 0;
}

void fiber_pool_free(struct fiber_pool *p)
{
	struct fiber *f;

	while (p && (f = SLIST_FIRST(&p->spares))) {
		SLIST_REMOVE_HEAD(&p->spares, entry);
		stack_free(f);
	}
	free(p);
}

unsigned fiber_pool_used(const struct fiber_pool *p)
{
	return p->used;
}

/* -- a fiber */

/* makecontext() hands over ints: a pointer comes in two halves. */
static void begin(unsigned high, unsigned low)
{
	struct fiber *f = (struct fiber *)((uintptr_t)high << 32 | low);

	arrive(NULL, &f->owner_stack, &f->owner_stack_octets);
	f->fn(f->arg);
	f->done = true;
	leave(NULL, f->owner_stack, f->owner_stack_octets, f->owner_tsan); /* NULL: this stack is not used again */
	setcontext(&f->owner);
	abort(); /* setcontext() does not return */
}

static __attribute__((noinline)) void prepare(struct fiber *f)
{
	(void)getcontext(&f->here); /* it fails for no reason that there can be */
	f->here.uc_stack.ss_sp = stack_of(f);
	f->here.uc_stack.ss_size = FIBER_STACK_OCTETS;
	f->here.uc_link = NULL;
	makecontext(&f->here, (void (*)(void))begin, 2, (unsigned)((uintptr_t)f >> 32), (unsigned)(uintptr_t)f);
}

int fiber_new(struct fiber **out, struct fiber_pool *p, fiber_fn *fn, void *arg)
{
	struct fiber *f;

	if (p->used >= p->max) {
		return ERR_LIMIT;
	}
	f = stack_take(p);
	if (!f) {
		return ERR_NOMEM;
	}
	obj_begin(&f->obj, FIBER_MAGIC);
	f->pool = p;
	f->fn = fn;
	f->arg = arg;
	f->done = false;
	f->here_fake = NULL;
	prepare(f);
	tsan_begin(f);
	p->used++;
	*out = f;
	return 0;
}

static void over(struct fiber *f)
{
	struct fiber_pool *p = f->pool;

	tsan_end(f);
	OBJ_END(f, FIBER_MAGIC);
	p->used--;
	if (p->spares_n < FIBER_SPARES) {
		p->spares_n++;
		SLIST_INSERT_HEAD(&p->spares, f, entry);
	} else {
		stack_free(f);
	}
}

bool fiber_run(struct fiber *f)
{
	OBJ_CHECK(f, FIBER_MAGIC);
	f->owner_tsan = tsan_current();
	leave(&f->owner_fake, stack_of(f), FIBER_STACK_OCTETS, f->here_tsan);
	swapcontext(&f->owner, &f->here);
	arrive(f->owner_fake, NULL, NULL);
	if (!f->done) {
		return false;
	}
	over(f);
	return true;
}

void fiber_pause(struct fiber *f)
{
	OBJ_CHECK(f, FIBER_MAGIC);
	leave(&f->here_fake, f->owner_stack, f->owner_stack_octets, f->owner_tsan);
	swapcontext(&f->here, &f->owner);
	arrive(f->here_fake, &f->owner_stack, &f->owner_stack_octets);
}

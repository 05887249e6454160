/* obj.h - objects that check their own type. An object begins life with the number of its type (its
 * magic) and loses it at its end. So the next function that takes the pointer notices a freed
 * object and a `void *` of another type. These are checks of our own promises, never of input. A
 * failed check writes one line to standard error and ends the process by abort(); the parent starts
 * another.
 *
 * 	struct thing {
 * 		struct obj obj;
 * 		...
 * 	};
 * 	#define THING_MAGIC 0x7e11a3c5u
 * 	obj_begin(&thing->obj, THING_MAGIC);
 * 	struct thing on_stack = { .obj = OBJ(THING_MAGIC), ... };
 * 	OBJ_CHECK(thing, THING_MAGIC);
 * 	struct thing *thing = OBJ_OF(arg, struct thing, THING_MAGIC);	arg is a void *
 * 	OBJ_END(thing, THING_MAGIC);
 *
 * `obj` is the first member. PURE but for the failure. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct obj {
	uint32_t magic; /* 0: no object, or no longer */
};

/* Not for direct use. */
_Noreturn void obj_wrong(const struct obj *o, uint32_t magic, const char *type, const char *function);

static inline void obj_begin(struct obj *o, uint32_t magic)
{
	o->magic = magic;
}

static inline void *obj_of(const void *p, uint32_t magic, const char *type, const char *function)
{
	const struct obj *o = p;

	if (!o || o->magic != magic) {
		obj_wrong(o, magic, type, function);
	}
	return (void *)(uintptr_t)p;
}

/* The value of `obj` in the initializer of an object: one on the stack that a callback is given. */
#define OBJ(magic_) ((struct obj){ (magic_) })

/* `obj` must be the first member. */
#define OBJ_FIRST(type) _Static_assert(offsetof(type, obj) == 0, #type " begins with its struct obj")

/* Checks that p is such an object: begun, and not ended. */
#define OBJ_CHECK(p, magic_) ((void)sizeof((p)->obj.magic), (void)obj_of((p), (magic_), #p, __func__))

/* The object behind the `void *` of a callback, checked. */
#define OBJ_OF(arg, type, magic_) ((type *)((void)sizeof(((type *)0)->obj.magic), obj_of((arg), (magic_), #type, __func__)))

/* Checks it and ends it. */
#define OBJ_END(p, magic_) (OBJ_CHECK(p, magic_), (void)((p)->obj.magic = 0))

// SPDX-License-Identifier: GPL-2.0
/*
 * resolve MODULE BASE: fills in the ids of the functions that the module offers to BPF programs,
 * section .BTF_ids, by its types, section .BTF, which go on from those of the kernel in BASE (raw).
 *
 * What the kernel's resolve_btfids does for one set of one function; headers of Debian 12's kernel
 * come without it. Run by kmod/btf/add while the module is built. Touches MODULE only.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* <linux/btf_ids.h>: what the symbols of a set and of a function in it begin with. */
#define SET_PREFIX "__BTF_ID__set8__"
#define FUNCTION_PREFIX "__BTF_ID__func__"
/* struct btf_id_set8: a count and flags, then an id and flags for each function. */
#define SET_HEAD 8U
#define SET_ENTRY 8U
/* <linux/btf.h> of kernels from 6.0 on. */
#define KIND_ENUM64 19U

/* A file in memory. */
struct image {
	uint8_t *bytes;
	size_t size;
};

/* Types: a struct btf_header and what follows. */
struct types {
	const struct btf_header *header;
	const uint8_t *list;
	const char *strings;
};

/* Says what is wrong with @file and ends with 1. */
static void die(const char *file, const char *what)
{
	fprintf(stderr, "resolve: %s: %s\n", file, what);
	exit(1);
}

/* Maps a file, shared if it is to be written. */
static struct image map(const char *file, bool writes)
{
	struct image image;
	struct stat about;
	int fd = open(file, (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &about) || !about.st_size)
		die(file, errno ? strerror(errno) : "it is empty");
	image.size = (size_t)about.st_size;
	image.bytes = mmap(NULL, image.size, writes ? PROT_READ | PROT_WRITE : PROT_READ,
			   writes ? MAP_SHARED : MAP_PRIVATE, fd, 0);
	if (image.bytes == MAP_FAILED)
		die(file, strerror(errno));
	close(fd);
	return image;
}

/* True if @length bytes from @offset on are among @size. */
static bool holds(size_t size, uint64_t offset, uint64_t length)
{
	return offset <= size && length <= size - offset;
}

/* The types in @size bytes. */
static struct types types_of(const char *file, const uint8_t *bytes, size_t size)
{
	struct types types = { .header = (const struct btf_header *)bytes };
	const struct btf_header *header = types.header;
	size_t body;

	if (size < sizeof(*header) || header->magic != BTF_MAGIC || header->hdr_len > size)
		die(file, "there are no types (BTF) in it");
	body = size - header->hdr_len;
	if (!holds(body, header->type_off, header->type_len) || !header->str_len ||
	    !holds(body, header->str_off, header->str_len))
		die(file, "its types are cut off");
	types.list = bytes + header->hdr_len + header->type_off;
	types.strings = (const char *)bytes + header->hdr_len + header->str_off;
	if (types.strings[header->str_len - 1])
		die(file, "the names of its types do not end");
	return types;
}

/* How many bytes follow a type's head; SIZE_MAX: it is of no known kind. */
static size_t tail_of(const struct btf_type *type)
{
	size_t members = BTF_INFO_VLEN(type->info);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	case BTF_KIND_INT:
		return sizeof(uint32_t);
	case BTF_KIND_VAR:
		return sizeof(struct btf_var);
	case BTF_KIND_DECL_TAG:
		return sizeof(struct btf_decl_tag);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return members * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return members * sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO:
		return members * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return members * sizeof(struct btf_var_secinfo);
	case KIND_ENUM64:
		return members * 3 * sizeof(uint32_t);
	default:
		return SIZE_MAX;
	}
}

/*
 * Goes through the types from id @first on. Returns the id of the function called @name, whose
 * strings begin at @strings, or, if there is none or @name is NULL, the id behind the last type.
 */
static uint32_t walk(const char *file, const struct types *types, uint32_t first, uint32_t strings,
		     const char *name, bool *found)
{
	size_t place = 0, size = types->header->type_len, tail;
	uint32_t id = first, text;

	while (size - place >= sizeof(struct btf_type)) {
		const struct btf_type *type = (const struct btf_type *)(types->list + place);

		tail = tail_of(type);
		if (tail > size - place - sizeof(*type))
			die(file, "a type of it is of a kind that is not known here");
		text = type->name_off - strings;
		if (name && BTF_INFO_KIND(type->info) == BTF_KIND_FUNC &&
		    type->name_off >= strings && text < types->header->str_len &&
		    !strcmp(types->strings + text, name)) {
			*found = true;
			return id;
		}
		place += sizeof(*type) + tail;
		id++;
	}
	return id;
}

/* The name of a function in the symbol "PREFIXNAME__NUMBER". */
static void name_of(const char *file, const char *symbol, char *name, size_t room)
{
	const char *text = symbol + strlen(FUNCTION_PREFIX), *number = strrchr(text, '_');
	size_t length = number > text ? (size_t)(number - text) - 1 : 0;

	if (!length || length >= room || number[-1] != '_')
		die(file, "the symbol of a function's id has no name in it");
	memcpy(name, text, length);
	name[length] = '\0';
}

/* The section called @name, or NULL; everything about its place is checked. */
static const Elf64_Shdr *section(const char *file, const struct image *module, const char *name)
{
	const Elf64_Ehdr *head = (const Elf64_Ehdr *)module->bytes;
	const Elf64_Shdr *list, *names;
	unsigned int number;

	if (module->size < sizeof(*head) || memcmp(head->e_ident, ELFMAG, SELFMAG) ||
	    head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_shentsize != sizeof(*list) ||
	    !holds(module->size, head->e_shoff, (uint64_t)head->e_shnum * sizeof(*list)) ||
	    head->e_shstrndx >= head->e_shnum)
		die(file, "it is no module of a 64-bit kernel");
	list = (const Elf64_Shdr *)(module->bytes + head->e_shoff);
	names = &list[head->e_shstrndx];
	if (!holds(module->size, names->sh_offset, names->sh_size) || !names->sh_size ||
	    module->bytes[names->sh_offset + names->sh_size - 1])
		die(file, "the names of its sections are cut off");
	for (number = 0; number < head->e_shnum; number++) {
		if (list[number].sh_name >= names->sh_size ||
		    strcmp((const char *)module->bytes + names->sh_offset + list[number].sh_name,
			   name))
			continue;
		if (!holds(module->size, list[number].sh_offset, list[number].sh_size))
			die(file, "a section of it is cut off");
		return &list[number];
	}
	return NULL;
}

/* Where in the section .BTF_ids the symbol that begins with @prefix points; its name in *name. */
static uint64_t symbol(const char *file, const struct image *module, const Elf64_Shdr *ids,
		       const char *prefix, const char **name)
{
	const Elf64_Ehdr *head = (const Elf64_Ehdr *)module->bytes;
	const Elf64_Shdr *list = (const Elf64_Shdr *)(module->bytes + head->e_shoff);
	const Elf64_Shdr *table = section(file, module, ".symtab");
	const Elf64_Shdr *names = section(file, module, ".strtab");
	const Elf64_Sym *symbols, *found = NULL;
	uint64_t number;

	if (!table || !names || !names->sh_size ||
	    module->bytes[names->sh_offset + names->sh_size - 1])
		die(file, "it has no symbols");
	symbols = (const Elf64_Sym *)(module->bytes + table->sh_offset);
	for (number = 0; number < table->sh_size / sizeof(*symbols); number++) {
		const char *text = (const char *)module->bytes + names->sh_offset;

		if (symbols[number].st_name >= names->sh_size ||
		    symbols[number].st_shndx != ids - list)
			continue;
		text += symbols[number].st_name;
		if (strncmp(text, prefix, strlen(prefix)))
			continue;
		if (found)
			die(file, "it has more than the one function that this can number");
		found = &symbols[number];
		*name = text;
	}
	if (!found || !holds(ids->sh_size, found->st_value, SET_HEAD))
		die(file, "it has no place for the id of a function");
	return ids->sh_offset + found->st_value;
}

/* See the head of the file. */
int main(int count, char **arguments)
{
	const char *file = count > 1 ? arguments[1] : "";
	const char *base_file = count > 2 ? arguments[2] : "";
	const char *set_name, *function;
	const Elf64_Shdr *btf, *ids;
	struct image module, raw;
	struct types base, types;
	uint64_t set, place;
	bool found = false;
	char name[128];
	uint32_t id, functions = 1;

	if (count != 3)
		die("usage", "resolve MODULE BASE");
	module = map(file, true);
	raw = map(base_file, false);
	base = types_of(base_file, raw.bytes, raw.size);
	btf = section(file, &module, ".BTF");
	ids = section(file, &module, ".BTF_ids");
	if (!btf || !ids)
		die(file, "it has no section .BTF or none .BTF_ids");
	types = types_of(file, module.bytes + btf->sh_offset, btf->sh_size);
	set = symbol(file, &module, ids, SET_PREFIX, &set_name);
	place = symbol(file, &module, ids, FUNCTION_PREFIX, &function);
	if (place != set + SET_HEAD)
		die(file, "the function is not the first of its set");
	name_of(file, function, name, sizeof(name));
	id = walk(file, &types, walk(base_file, &base, 1, 0, NULL, &found), base.header->str_len,
		  name, &found);
	if (!found)
		die(file, "its types do not have the function");
	memcpy(module.bytes + set, &functions, sizeof(functions));
	memcpy(module.bytes + place, &id, sizeof(id));
	return 0;
}

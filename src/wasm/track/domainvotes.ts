/**
 * By domain which domain of one label more, and which format, its queries seem to be of. As Boyer and Moore find a majority: what most
 * of the queries show remains, and a stranger's few do not replace it.
 */

import { observation } from "../decode/observation.ts";
import { domainLabel, labelledLookalike } from "../decode/parentdomain.ts";
import { domainVoteBytes, labelAt, lookalikeAt, recordTypeAt, votesAt } from "../shared/domainvote.ts";
import { domainsMax } from "../shared/limits.ts";

const rows: usize = memory.data(domainsMax * domainVoteBytes, 8);

/** Address of the first row. */
export function domainVotes(): usize {
	return rows;
}

/** Counts the label of the query that was decoded last for its domain. */
export function voteForLabel(): void {
	const row = rows + (observation.domain as usize) * domainVoteBytes;
	const votes = load<u32>(row, votesAt);
	if (votes === 0) keep(row);
	else store<u32>(row, isKept(row) ? votes + 1 : votes - 1, votesAt);
}

function keep(row: usize): void {
	store<u32>(row, 1, votesAt);
	store<u32>(row, labelledLookalike, lookalikeAt);
	store<u32>(row, observation.lookalikeType, recordTypeAt);
	const octets = (load<u8>(domainLabel) as usize) + 1;
	for (let at: usize = 0; at < octets; at++) store<u8>(row + labelAt + at, lowerCase(load<u8>(domainLabel + at)));
}

function isKept(row: usize): bool {
	if (load<u32>(row, lookalikeAt) !== labelledLookalike) return false;
	if (load<u32>(row, recordTypeAt) !== observation.lookalikeType) return false;
	const octets = (load<u8>(domainLabel) as usize) + 1;
	for (let at: usize = 0; at < octets; at++) {
		if (load<u8>(row + labelAt + at) !== lowerCase(load<u8>(domainLabel + at))) return false;
	}
	return true;
}

/** Length octets are below every letter. */
function lowerCase(octet: u8): u8 {
	return octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet;
}

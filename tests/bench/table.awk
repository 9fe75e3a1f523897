# SPDX-License-Identifier: ISC
# table.awk - the figures of run.sh, "workload system round name value" a line, as tables: medians over the rounds, and the median,
# least and greatest of each round's ratio to the floor.

function sorted(list, n,    i, k, t) {
	for (i = 2; i <= n; i++)
		for (k = i; k > 1 && list[k - 1] > list[k]; k--) { t = list[k]; list[k] = list[k - 1]; list[k - 1] = t }
}

# Median, least and greatest of a figure over the rounds; how many rounds have it.
function collect(w, s, name,    r, n, list) {
	n = 0
	for (r = 1; r <= rounds; r++)
		if ((w, s, r, name) in v) list[++n] = v[w, s, r, name] + 0
	sorted(list, n)
	low = list[1]; high = list[n]; median = n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
	return n
}

function cell(w, s, name, format) { return collect(w, s, name) ? sprintf(format, median) : "–" }

function over_floor(w, s, name,    r) {
	if (s == "floor")
		return "1 | –"
	for (r = 1; r <= rounds; r++)
		if (v[w, "floor", r, name] > 0 && (w, s, r, name) in v)
			v[w, s, r, "ratio"] = v[w, s, r, name] / v[w, "floor", r, name]
	return collect(w, s, "ratio") ? sprintf("**%.2f** | %.2f–%.2f", median, low, high) : "– | –"
}

# A delivery, a request or a set-up: what one costs, and when it is there.
function row(w, s,    is_setup, each, late) {
	is_setup = !((w, s, 1, "cpu_us_per_delivery") in v)
	each = is_setup ? "setup_cpu_us_per_connection" : "cpu_us_per_delivery"
	late = is_setup ? "setup" : "latency"
	printf "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", w, s, cell(w, s, each, "%.2f"), over_floor(w, s, each),
		cell(w, s, "own_us_per_delivery", "%.1f"),
		cell(w, s, "messages_per_second", "%.0f"), cell(w, s, "cpu_percent", "%.0f"), cell(w, s, late "_p50_us", "%.0f"),
		cell(w, s, late "_p99_us", "%.0f"), w ~ /^idle/ ? cell(w, s, "anonymous_bytes_per_connection", "%.0f") : "–"
}

{
	if (!($1 in seen)) { seen[$1] = 1; order[++n_workloads] = $1 }
	if (!(($1, $2) in has)) { has[$1, $2] = 1; systems[$1, ++n_systems[$1]] = $2 }
	v[$1, $2, $3, $4] = $5
	if ($3 > rounds) rounds = $3
	wrong += $4 ~ /^(lost|doubled|disordered|disagreeing_members|misplaced|bad_content|refused|early_acknowledgements)$/ ? $5 : 0
	deliveries += $4 == "deliveries" ? $5 : 0
}

END {
	print "| workload | system | CPU µs each | over the floor | least–greatest | own µs | messages/s | CPU % | p50 µs | p99 µs | bytes/connection |"
	print "|---|---|---|---|---|---|---|---|---|---|---|"
	for (i = 1; i <= n_workloads; i++)
		for (k = 1; k <= n_systems[order[i]]; k++)
			row(order[i], systems[order[i], k])
	for (i = 1; i <= n_workloads; i++) {
		w = order[i]
		if (w !~ /^commit/)
			continue
		if (!n_commits++)
			print "\n| workload | due to arrival, p50 / p99 µs | due to its answer | its answer to arrival |\n|---|---|---|---|"
		printf "| %s | %s / %s | %s / %s | %s / %s |\n", w, cell(w, "daemon", "latency_p50_us", "%.0f"),
			cell(w, "daemon", "latency_p99_us", "%.0f"), cell(w, "daemon", "ack_p50_us", "%.0f"),
			cell(w, "daemon", "ack_p99_us", "%.0f"), cell(w, "daemon", "after_ack_p50_us", "%.0f"),
			cell(w, "daemon", "after_ack_p99_us", "%.0f")
	}
	printf "\n%d deliveries, each checked; %d wrong.\n", deliveries, wrong
}
